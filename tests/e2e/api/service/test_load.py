"""Clients who write single rows and read them back, all at once. `make bench-servers ARGS=api-load` measures it."""

from __future__ import annotations

from pathlib import Path

import supertable
from tests.support.api.load import SCHEMA, TABLE, loaded
from tests.support.api.service import TOKEN, ApiService


def test_nothing_fails_and_what_was_acknowledged_is_there_once(home: Path, tmp_path: Path) -> None:
    with supertable.connect(home) as lake:
        lake.create_table(TABLE, SCHEMA)
        service = ApiService(home, tmp_path / "service", LOG_LEVEL="WARNING", SUPERTABLE_API_WORKERS="2")
        try:
            load = loaded(service.port, TOKEN, clients=16, seconds=5)
        finally:
            service.stop()
        assert load.errors == []
        assert load.lost(lake) == []
        assert load.doubled(lake) == []
        assert len(load.written) > 32
        assert load.replayed > 0
        assert lake.table(TABLE).info().rows == len(load.written)
    assert "Traceback" not in service.log()
