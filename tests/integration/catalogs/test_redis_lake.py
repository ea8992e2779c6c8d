"""A lake with its catalog, locks and leases in Redis: keys, calls, crashes, paused lock holders, rebuilds."""

from __future__ import annotations

import inspect
import os
import re
import shutil
import signal
import time
from pathlib import Path

import pyarrow as pa
import pytest
import redis

import supertable
from supertable.adapters.redis.keys import Keys
from supertable.domain.access.roles import Permission
from supertable.domain.storage_layout import table_log
from tests.integration.commits.test_kill import newest_acknowledged
from tests.integration.commits.writer_processes import READY, ROWS, SCHEMA, Descriptor, context, turn_of, writer
from tests.servers.valkey import Valkey
from tests.support.stored_values import has, places_of
from tests.support.traffic import Traffic

_DOCUMENTED = Path(__file__).parents[3] / "docs" / "redis-keys.md"


@pytest.fixture
def server(valkey: Valkey, home: Path) -> Valkey:
    """An empty server. The settings are in a file, because a fork server keeps its environment."""
    Path(".env").write_text("".join(f"{name}={value}\n" for name, value in valkey.environment.items()))
    with valkey.client() as client:
        client.flushall()
    return valkey


def documented_keys() -> dict[str, tuple[re.Pattern[str], str]]:
    """The patterns and types of the keys in docs/redis-keys.md, by their documented names."""
    found = {}
    for name, kind in re.findall(r"^\| `(supertable:.*?)` \| (.*?) \|", _DOCUMENTED.read_text(), flags=re.MULTILINE):
        pattern = re.escape(name).replace(r"\{\{deployment\}\}", r"\{[0-9a-f]{32}\}")
        pattern = re.sub(r"\\\{organization\\\}", "[a-z0-9_]+", pattern)
        pattern = re.sub(r"\\\{supertable\\\}", "([a-z0-9_]+|-)", pattern)
        pattern = re.sub(r"\\\{(token|id)\\\}", "[0-9a-f]{32}", pattern)
        found[name] = (re.compile(pattern.replace(r"\{log\}", r"(access|catalog|tables/[0-9a-f]{32})")), kind)
    return found


def documented_names(key: str) -> list[str]:
    return [name for name, (pattern, _) in documented_keys().items() if pattern.fullmatch(key)]


def test_every_key_is_documented_once_and_every_documented_key_is_used() -> None:
    keys, log, token = Keys("0" * 32), table_log("acme", "main", "1" * 32), "2" * 32
    arguments = {"log": log, "name": log, "token": token, "process": token}
    names: list[str] = []
    for name, member in inspect.getmembers(Keys):
        if name.startswith("_") or name == "heads_matching":
            continue
        if isinstance(member, property):
            key = keys.readers
        else:
            key = getattr(keys, name)(*(arguments[one] for one in list(inspect.signature(member).parameters)[1:]))
        names += documented_names(key)
    assert sorted(names) == sorted(documented_keys())


def test_a_busy_server_has_only_documented_keys(home: Path, server: Valkey) -> None:
    seen: set[tuple[str, str, str]] = set()
    with Traffic(home, writers=4).running() as traffic, server.client() as client:
        for _ in range(10):
            traffic.seconds_until_written()
            for key in client.scan_iter(count=100):
                kind = client.type(key)
                if kind != "none":  # removed concurrently
                    names = documented_names(key)
                    assert len(names) == 1, key
                    seen.add((names[0], kind.replace("zset", "sorted set"), key))
        for name, kind, _ in seen:
            assert documented_keys()[name][1] == kind
        lasting = {key for _, _, key in seen if client.ttl(key) == -1}
    assert all(key.endswith((":heads", ":readers")) or ":records:" in key for key in lasting)
    assert len({name for name, _, _ in seen}) >= 4


def test_a_vacuum_leaves_no_removed_row_in_redis(home: Path, server: Valkey) -> None:
    def keys_with(text: str) -> list[bytes]:
        with redis.Redis(port=server.port) as client:
            lists = [key for key in client.scan_iter() if client.type(key) == b"list"]
            return [key for key in lists if any(has(value, text) for value in client.lrange(key, 0, -1))]

    rows = pa.table({"k": [1, 2], "v": ["xyzzy-secret", "xyzzy-kept-row"]})
    with supertable.connect(home=home) as lake:
        lake.create_table("t", rows.schema, keys=["k"])
        lake.write("t", rows.slice(0, 1))
        lake.write("t", rows.slice(1, 1))
        lake.delete("t", where="k = 1")
        assert len(keys_with("xyzzy-secret")) == len(keys_with("xyzzy-kept-row")) == 1
        lake.table("t").vacuum(0)
        assert keys_with("xyzzy-secret") == []
        assert places_of(home, "xyzzy-secret") == []
        lake.write("t", rows.slice(1, 1), mode="upsert")
        assert lake.sql("FROM t").arrow().to_pylist() == [{"k": 2, "v": "xyzzy-kept-row"}]
    with supertable.connect(home=home) as other:
        assert other.sql("FROM t").arrow().to_pylist() == [{"k": 2, "v": "xyzzy-kept-row"}]
        assert other.fsck().findings == ()
        other.drop("t")
        other.vacuum(0)
    assert keys_with("xyzzy-kept-row") == []


def test_a_query_makes_one_call_to_the_catalog(home: Path, server: Valkey) -> None:
    with supertable.connect(home=home) as lake:
        for name in ("t", "u"):
            lake.create_table(name, SCHEMA)
            lake.write(name, turn_of(0, 0))
        sql = "SELECT count(*) FROM t JOIN u USING (id)"
        for _ in range(3):
            lake.sql(sql).arrow()
        with server.client() as client, server.client() as marker, client.monitor() as monitor:
            marker.echo("the beginning")
            lake.sql(sql).arrow()
            marker.echo("the end")
            calls: list[str] = []
            for event in monitor.listen():
                if "the end" in event["command"]:
                    break
                if "the beginning" in event["command"]:
                    calls.clear()
                elif event["client_type"] != "lua":
                    calls.append(event["command"])
    of_leases = [call for call in calls if ":readers" in call or call == "TIME"]
    of_new_connections = [call for call in calls if call.startswith(("CLIENT SETINFO", "HELLO"))]
    assert len([call for call in calls if call not in [*of_leases, *of_new_connections]]) == 1


def test_deployments_in_the_same_redis_do_not_see_each_other(
    tmp_path: Path, home: Path, server: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other").mkdir()
    with supertable.connect(home=home) as lake, supertable.connect(home=tmp_path / "other") as other:
        lake.create_table("t", SCHEMA)
        other.create_table("t", SCHEMA)
        lake.write("t", turn_of(0, 0))
        assert other.table("t").info().version == 1
        monkeypatch.setenv("SUPERTABLE_PREFIX", "apart")
        with supertable.connect(home=home) as apart:
            assert list(apart.tables()) == []
            apart.rebuild_catalog()
        assert lake.table("t").info().version == 2


def test_a_lock_holder_that_resumes_after_its_lock_expired_does_no_harm(home: Path, server: Valkey) -> None:
    with supertable.connect(home=home) as lake:
        for name in ("t", "copy"):
            lake.create_table(name, SCHEMA, keys=["id"])
        lake.write("t", turn_of(1, 0), mode="upsert")
        folder = lake._container.tables().open(lake._namespace, "t", Permission.META).folder
        lock = Keys(lake._container.deployment().id()).lock(folder)
        receive, send = os.pipe()
        process = context().Process(target=writer, args=(home, Descriptor(send), 0))
        process.start()
        os.close(send)
        assert os.read(receive, 8) == READY
        assert process.pid
        for turn in range(1, 4):
            pause_while_it_holds(process.pid, server, lock)
            time.sleep(2)
            assert lake.write("t", turn_of(1, turn), mode="upsert").version
            os.kill(process.pid, signal.SIGCONT)
            for _ in range(2):
                acknowledged = int.from_bytes(os.read(receive, 8))
        process.kill()
        process.join()
        last = newest_acknowledged(receive, acknowledged)
        os.close(receive)
        found = lake.sql("SELECT writer, min(turn), max(turn), count(*) FROM t GROUP BY writer ORDER BY writer").arrow()
        theirs, ours = (list(row.values()) for row in found.to_pylist())
        assert ours == [1, 3, 3, ROWS]
        assert theirs == [0, theirs[1], theirs[1], ROWS]
        assert theirs[1] >= last > 0


def pause_while_it_holds(pid: int, server: Valkey, lock: str) -> None:
    """Pause the process at a moment when it holds the lock."""
    with server.client() as client:
        while True:
            os.kill(pid, signal.SIGSTOP)
            if client.exists(lock):
                return
            os.kill(pid, signal.SIGCONT)
            time.sleep(0.003)


def test_a_waiting_writer_gets_the_lock_of_a_killed_holder(home: Path, server: Valkey) -> None:
    with supertable.connect(home=home) as lake:
        for name in ("t", "copy"):
            lake.create_table(name, SCHEMA, keys=["id"])
        lake.write("t", turn_of(1, 0), mode="upsert")
        folder = lake._container.tables().open(lake._namespace, "t", Permission.META).folder
        lock = Keys(lake._container.deployment().id()).lock(folder)
        receive, send = os.pipe()
        process = context().Process(target=writer, args=(home, Descriptor(send), 0))
        process.start()
        os.close(send)
        os.read(receive, 8)
        assert process.pid
        pause_while_it_holds(process.pid, server, lock)
        process.kill()
        process.join()
        os.close(receive)
        started = time.monotonic()
        with lake._container.locks().hold(folder, 60) as held:
            assert held
        assert time.monotonic() - started < 30


def test_a_rebuild_after_a_wipe_finds_a_thousand_tables(home: Path, server: Valkey) -> None:
    with supertable.connect(home=home) as lake:
        lake.create_table("t", SCHEMA)
        for turn in range(3):
            lake.write("t", turn_of(0, turn))
        first = home / "storage" / lake._container.tables().open(lake._namespace, "t", Permission.META).folder
        for number in range(999):
            shutil.copytree(first, first.with_name(f"{number:032x}"))
        with server.client() as client:
            client.flushall()
        report = lake.rebuild_catalog()
        print(f"\n{report}")
        assert (report.tables, report.logs) == (1000, 1001)
        logs = lake._container.catalog().logs("")
        heads = lake._container.catalog().cut(dict.fromkeys(logs, 0)).heads
        assert [head.version for head in heads.values()].count(4) == 1000
