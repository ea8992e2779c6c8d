"""A writing process is killed at random moments. No acknowledged write is lost, no partial write is visible."""

from __future__ import annotations

import os
import statistics
import time
from pathlib import Path
from uuid import uuid4

import pytest

import supertable
from tests.integration.commits.writer_processes import READY, ROWS, SCHEMA, Descriptor, context, turn_of, writer
from tests.servers.azurite import Azurite
from tests.servers.fake_gcs import FakeGcs
from tests.servers.seaweedfs import SeaweedFS
from tests.servers.valkey import Valkey
from tests.support.budgets import BUDGET, chance

SERVERS = {"s3": "seaweedfs", "azure": "azurite", "gcs": "fake_gcs", "redis": "valkey"}


@pytest.fixture(params=BUDGET.kills)
def kills(home: Path, request: pytest.FixtureRequest) -> int:
    """How often to kill. Settings are written to a file, because the fork server keeps its environment."""
    if request.param in SERVERS:
        server: SeaweedFS | Azurite | FakeGcs | Valkey = request.getfixturevalue(SERVERS[request.param])
        settings = {**server.environment, "SUPERTABLE_PREFIX": f"killed_{uuid4().hex}"}
        Path(".env").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    return BUDGET.kills[request.param]


def newest_acknowledged(pipe: int, before: int) -> int:
    with os.fdopen(pipe, "rb", closefd=False) as file:
        data = file.read()
    whole = data[: len(data) // 8 * 8]
    return int.from_bytes(whole[-8:]) if whole else before


@pytest.mark.slow
def test_kill_at_random_moments(home: Path, kills: int) -> None:
    moments = chance("kill")
    forkserver = context()
    lake = supertable.connect(home=home)
    for name in ("t", "copy"):
        lake.create_table(name, SCHEMA, keys=["id"])
    lake.write("t", turn_of(0, 0), mode="upsert")  # runs late imports now
    acknowledged, turn, delays = -1, 1, []
    for number in range(kills):
        receive, send = os.pipe()
        process = forkserver.Process(target=writer, args=(home, Descriptor(send), turn))
        process.start()
        os.close(send)
        assert os.read(receive, 8) == READY
        if number % 2:  # so that some die in their first write, and some later, however slow the machine
            acknowledged = int.from_bytes(os.read(receive, 8))
        time.sleep(moments.random() * 0.15)
        process.kill()
        process.join()
        acknowledged = newest_acknowledged(receive, acknowledged)
        os.close(receive)

        found = lake.sql("SELECT count(*), min(turn), max(turn), count(DISTINCT id) FROM t").arrow().to_pylist()[0]
        rows, low, high, ids = found.values()
        if rows:
            assert (rows, ids) == (ROWS, ROWS)
            assert low == high >= acknowledged
            turn = high + 1
        started = time.perf_counter()
        lake.write("t", turn_of(0, turn), mode="upsert")
        delays.append(time.perf_counter() - started)
        turn += 1
    assert acknowledged > 0
    at_once = lake.settings.storage_type == "LOCAL" and not lake.settings.redis_configured
    assert statistics.median(delays) < (1 if at_once else 5)
    lake.rebuild_catalog()
    assert lake.sql("SELECT DISTINCT turn FROM t").arrow().to_pylist() == [{"turn": turn - 1}]
    lake.close()
