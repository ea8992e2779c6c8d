"""A service whose disk is full: it says so, refuses what cannot be recorded, and still frees space."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pyarrow as pa
import pytest

import supertable
from tests.support.api.service import ApiService
from tests.support.mounts import small_disk


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk") as folder:
        yield folder


def fill(disk: Path, name: str) -> Path:
    """Write a file until nothing more fits."""
    file = disk / name
    with file.open("wb", buffering=0) as writer:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while writer.write(b"x" * size) == size:
                    pass
            except OSError:
                continue
    return file


def query(api: httpx.Client) -> httpx.Response:
    return api.post("/api/v1/query", json={"sql": "SELECT count(*) AS n FROM t"})


def test_a_full_disk_can_be_freed_and_every_action_is_recorded(disk: Path, tmp_path: Path) -> None:
    home = disk / "home"
    with supertable.connect(home) as lake:
        lake.create_table_from("t", pa.table({"id": [0], "text": [""]}), keys=["id"])
        big = pa.table({"id": [1], "text": [bytes(8 << 20).hex()[: 12 << 20]]})
        for _ in range(2):
            lake.write("t", big, "upsert")
        lake.write("t", pa.table({"id": [1], "text": ["small"]}), "upsert")
    service = ApiService(home, tmp_path / "service")
    try:
        with service.client() as api:
            assert (query(api).status_code, api.get("/readyz").text) == (200, "ok")
            fill(disk, "other")
            statuses = {query(api).status_code for _ in range(60)}
            assert statuses <= {200, 503}
            assert query(api).status_code == 503
            fill(disk, "another")
            ready = api.get("/readyz")
            assert ready.status_code == 503
            assert "actions cannot be recorded: the disk was full" in ready.text
            alive = api.get("/healthz")
            assert (alive.status_code, alive.text) == (200, ready.text)
            (disk / "another").unlink()  # another program filled what was released; the rest stays full
            job = api.post("/api/v1/supertables/main/tables/t/vacuums", json={"retention_seconds": 0})
            assert job.status_code == 202, job.text
            ended = wait_for(api, job.json()["id"])
            assert ended["state"] == "succeeded", ended
            (disk / "other").unlink()
            assert query(api).status_code == 200
            assert api.get("/readyz").text == "ok"
    finally:
        service.stop()
    with supertable.connect(home) as lake:
        assert lake.audit.verify().whole
        assert "vacuum" in lake.audit.events(limit=1000).column("what").to_pylist()


def wait_for(api: httpx.Client, job: str) -> dict[str, object]:
    while True:
        status: dict[str, object] = api.get(f"/api/v1/jobs/{job}").json()
        if status["state"] not in ("waiting", "running", "queued"):
            return status
        time.sleep(0.1)
