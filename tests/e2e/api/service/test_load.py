"""Concurrent clients write single rows and read them back. `make bench-servers ARGS=api-load` measures it."""

from __future__ import annotations

from pathlib import Path

import pytest

import supertable
from tests.support.api.load import SCHEMA, TABLE, run_load
from tests.support.api.service import TOKEN, ApiService


@pytest.mark.slow
def test_acknowledged_rows_are_stored_exactly_once(home: Path, tmp_path: Path) -> None:
    with supertable.connect(home) as lake:
        lake.create_table(TABLE, SCHEMA)
        service = ApiService(home, tmp_path / "service", LOG_LEVEL="WARNING", SUPERTABLE_API_WORKERS="2")
        try:
            load = run_load(service.port, TOKEN, clients=16, seconds=2)
        finally:
            service.stop()
        assert load.errors == []
        assert load.lost_ids(lake) == []
        assert load.duplicate_ids(lake) == []
        assert len(load.written) > 16
        assert load.replayed > 0
        assert lake.table(TABLE).info().rows == len(load.written)
    assert "Traceback" not in service.log()
