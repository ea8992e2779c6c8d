"""Services maintain their tables themselves, one worker of all of them."""

from __future__ import annotations

import time
from pathlib import Path

import pyarrow as pa

import supertable
from tests.support.api.http import fetch
from tests.support.api.service import ApiService

WAIT_SECONDS = 60


def files_after_maintenance(home: Path, tmp_path: Path, **settings: str) -> tuple[int, str]:
    """The number of files of a table with 40 small files after a service ran, and the service's last metrics."""
    with supertable.connect(home) as lake:
        lake.create_table("t", pa.schema([("id", pa.int64())]))
        for id_ in range(40):
            lake.write("t", pa.table({"id": [id_]}))
        lake.delete("t", where="id = 0")
        service = ApiService(home, tmp_path / "service", SUPERTABLE_API_WORKERS="2", **settings)
        try:
            deadline = time.monotonic() + (WAIT_SECONDS if settings["SUPERTABLE_MAINTENANCE_SEC"] != "0" else 2)
            while (lake.table("t").info().files or 0) > 10 and time.monotonic() < deadline:
                time.sleep(0.2)
            if settings["SUPERTABLE_MAINTENANCE_SEC"] != "0":
                time.sleep(2)
            metrics = fetch(f"{service.url}/metrics").text
        finally:
            service.stop()
        assert lake.sql("SELECT count(*) AS n, sum(id) AS s FROM t").arrow().to_pylist() == [{"n": 39, "s": 780}]
        compactions = [entry for entry in lake.table("t").history() if "compact" in str(entry.operation)]
        assert len(compactions) <= 1
        return lake.table("t").info().files or 0, metrics


def test_one_worker_merges_small_files(home: Path, tmp_path: Path) -> None:
    files, metrics = files_after_maintenance(home, tmp_path, SUPERTABLE_MAINTENANCE_SEC="1")
    assert files == 1
    for line in (
        "supertable_small_files 1.0",
        "supertable_dead_rows 0.0",
        "supertable_maintenance_overdue_tables 0.0",
        "supertable_workers_without_catalog 0.0",
        "supertable_catalog_repairs 0.0",
    ):
        assert line in metrics.splitlines()


def test_maintenance_can_be_turned_off(home: Path, tmp_path: Path) -> None:
    files, metrics = files_after_maintenance(home, tmp_path, SUPERTABLE_MAINTENANCE_SEC="0")
    assert files == 39
    assert "supertable_small_files 0.0" in metrics.splitlines()
