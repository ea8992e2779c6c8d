"""Maintenance through the Python API and the command line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from dependency_injector import providers

import supertable
from supertable.adapters.clocks.manual import ManualClock
from supertable.domain.access.roles import Permission
from supertable.domain.errors import InvalidSchema, InvalidSetting
from supertable.entrypoints.sdk.lakes.lake import Lake
from tests.support.command_line import COMMAND, Cli

SCHEMA = pa.schema([("id", pa.int64()), ("v", pa.string())])


def table(ids: range, v: str = "x") -> pa.Table:
    return pa.table([list(ids), [v] * len(ids)], schema=SCHEMA)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(time.time_ns() // 1000)


@pytest.fixture
def lake(home: Path, clock: ManualClock) -> Iterator[Lake]:
    with supertable.connect(home=home) as lake:
        lake._container.clock.override(providers.Object(clock))
        yield lake


class TestPolicies:
    def test_a_policy_is_stored_with_the_table(self, lake: Lake, home: Path) -> None:
        table = lake.create_table("t", SCHEMA)
        table.set_maintenance(small_files=3, sort_by="v", retention=timedelta(hours=2))
        result = table.set_maintenance(dirty_share=0.5, target_file_bytes=1 << 20)
        assert result.version == 3
        assert table.history(1)[0].description == "maintenance: target_file_bytes 1048576, dirty_share 0.5"
        with supertable.connect(home=home) as other:
            policy = other.table("t").maintenance()
        assert (policy.small_files, policy.dirty_share, policy.target_file_bytes) == (3, 0.5, 1 << 20)
        assert (policy.sort_by, policy.retention_seconds) == ((2,), 7200)

    @pytest.mark.parametrize(
        "wrong",
        [{"small_files": 1}, {"dirty_share": 0}, {"dirty_share": 2}, {"target_file_bytes": 5}, {"retention": -1}],
        ids=str,
    )
    def test_invalid_values_are_refused(self, lake: Lake, wrong: dict[str, Any]) -> None:
        table = lake.create_table("t", SCHEMA)
        with pytest.raises(InvalidSetting):
            table.set_maintenance(**wrong)
        with pytest.raises(InvalidSchema):
            table.set_maintenance(sort_by=["nope"])
        assert table.info().version == 1

    def test_sorting_survives_a_rename_or_drop_of_its_column(self, lake: Lake) -> None:
        created = lake.create_table("t", SCHEMA)
        created.set_maintenance(sort_by=["v"])
        created.rename_column("v", "w")
        for v in ("b", "a"):
            lake.write("t", table(range(2), v).rename_columns(["id", "w"]))
        created.compact()
        assert lake.sql("SELECT w FROM t").arrow()["w"].to_pylist() == ["a", "a", "b", "b"]
        created.drop_column("w")
        created.compact(everything=True)


class TestMaintain:
    @pytest.mark.usefixtures("as_files")
    def test_only_due_tables_are_maintained(self, lake: Lake, clock: ManualClock) -> None:
        busy, calm = lake.create_table("busy", SCHEMA, keys=["id"]), lake.create_table("calm", SCHEMA)
        busy.set_maintenance(small_files=5, retention=timedelta(days=1))
        for n in range(6):
            lake.write("busy", table(range(n, n + 1)), mode="upsert")
        lake.write("calm", table(range(3)))
        lake.drop("calm")
        report = lake.maintain()
        assert [(done.table, done.files_after) for done in report.compactions] == [("busy", 1)]
        assert (report.vacuums, report.purged, report.failures) == ([], [], [])
        again = lake.maintain()
        assert (again.compactions, again.vacuums, again.purged) == ([], [], [])
        clock.advance(8 * 24 * 3600)
        later = lake.maintain()
        assert [(done.table, len(done.removed)) for done in later.vacuums] == [("busy", 6)]
        assert [done.table for done in later.purged] == ["calm"]
        assert calm.name == "calm"
        assert busy.info().rows == 6

    @pytest.mark.usefixtures("as_files")
    def test_one_damaged_table_does_not_stop_the_others(self, lake: Lake, home: Path) -> None:
        for name in ("a", "b"):
            lake.create_table(name, SCHEMA).set_maintenance(small_files=2)
            for _ in range(3):
                lake.write(name, table(range(2), name))
        victim = lake._container.tables().open(lake._namespace, "a", Permission.META)
        file = next(iter(victim.snapshot.files.values()))
        (home / "storage" / file.key(victim.folder)).unlink()
        report = lake.maintain()
        assert [(failure.table, failure.action) for failure in report.failures] == [("a", "compact")]
        assert file.path in report.failures[0].reason
        assert [done.table for done in report.compactions] == ["b"]

    def test_a_stop_request_ends_the_round(self, lake: Lake) -> None:
        lake.create_table("t", SCHEMA).set_maintenance(small_files=2)
        for _ in range(3):
            lake.write("t", table(range(2)))
        assert lake.maintain(stop=lambda: True).compactions == []


class TestCommands:
    @pytest.mark.usefixtures("as_files")
    def test_compact_and_vacuum(self, fruit: Cli) -> None:
        for _ in range(3):
            assert fruit("load", "fruit.csv", "--into", "fruit", "--key", "id").code == 0
        assert "nothing to do" in fruit("compact", "fruit").out
        assert "1 file of" in fruit("compact", "fruit", "--sort-by", "kg", "--everything").out
        assert fruit("compact", "fruit", "--sort-by", "nope").code == 2
        planned = fruit("--json", "vacuum", "fruit", "--retention", "0", "--dry-run").json()
        assert planned["dry_run"]
        assert "oldest kept version is 6" in planned["removed"][0]["reason"]
        shown = fruit("vacuum", "fruit", "--retention", "0s", "--dry-run").out
        assert "reason" in shown
        assert "would be removed; versions from 6 on are kept." in shown
        done = fruit("--json", "vacuum", "--retention", "0").json()
        assert done["tables"][0]["removed"] == planned["removed"]
        assert "nothing to remove" in fruit("vacuum").out
        assert fruit("vacuum", "fruit", "--retention", "soon").code == 2
        assert fruit("vacuum", "nope").code == 3

    def test_a_vacuum_says_what_it_takes_out_of_records(self, fruit: Cli) -> None:
        assert fruit("load", "fruit.csv", "--into", "fruit", "--key", "id").code == 0
        planned = fruit("--json", "vacuum", "fruit", "--retention", "0", "--dry-run").json()
        assert planned["removed"] == []
        assert len(planned["emptied"]) == 1
        size = planned["bytes_removed"]
        assert size == planned["emptied"][0]["bytes"] > 0
        shown = fruit("vacuum", "fruit", "--retention", "0", "--dry-run").out
        assert "rows or column ranges" in shown
        assert "values of rows in 1 commit record of" in shown
        assert "would be removed; versions from" in shown
        assert "values of rows in 1 commit record of" in fruit("vacuum", "--retention", "0").out
        assert "nothing to remove" in fruit("vacuum", "--retention", "0").out

    @pytest.mark.usefixtures("as_files")
    def test_dropped_tables_are_purged(self, fruit: Cli) -> None:
        fruit("drop", "fruit", "--yes")
        assert "nothing" not in fruit("vacuum", "--retention", "0", "--dry-run").out
        assert "Dropped table fruit: 3 objects" in fruit("vacuum", "--retention", "0").out
        assert fruit("undrop", "fruit").code == 3

    def test_policy(self, fruit: Cli) -> None:
        assert "kept for 7d" in fruit("policy", "fruit").out
        changed = fruit("policy", "fruit", "--retention", "36h", "--sort-by", "kg", "--small-files", "4").out
        assert "sorted by kg" in changed
        assert "kept for 36h" in changed
        assert fruit("--json", "policy", "fruit", "--unsorted").json() == {
            "target_file_bytes": 134_217_728,
            "small_files": 4,
            "dirty_share": 0.2,
            "sort_by": [],
            "partition_by": [],
            "retention_seconds": 129_600.0,
            "engine": "default",
        }
        layout = fruit("policy", "fruit", "--partition-by", "bucket(4, name)", "--partition-by", "name").out
        assert "Files are partitioned by bucket(4, name), name." in layout
        assert "partitioned by bucket(4, name), name" in fruit("describe", "fruit").out
        assert fruit("policy", "fruit", "--partition-by", "day(kg)").code == 2
        assert fruit("--json", "policy", "fruit", "--unpartitioned").json()["partition_by"] == []
        assert "name none is lite." in fruit("policy", "fruit", "--engine", "LITE").out
        assert "name none is as configured." in fruit("policy", "fruit", "--engine", "default").out
        assert fruit("policy", "fruit", "--engine", "duckdb").code == 2
        assert fruit("policy", "fruit", "--dirty-share", "7").code == 2

    @pytest.mark.usefixtures("as_files")
    def test_fsck(self, fruit: Cli, home: Path) -> None:
        intact = fruit("fsck")
        assert intact.code == 0
        assert intact.out.startswith("No damage found: 1 table, 3 log records")
        assert fruit("--json", "fsck", "--quick").json()["sound"]
        next(home.rglob("*.parquet")).unlink()
        damaged = fruit("fsck")
        assert damaged.code == 1
        assert "it is missing" in damaged.out
        report = fruit("--json", "fsck", "--repair")
        assert report.code == 1
        assert not report.json()["sound"]

    def test_maintain_once(self, fruit: Cli, home: Path) -> None:
        assert "Nothing to do." in fruit("maintain").out
        fruit("policy", "fruit", "--small-files", "2")
        for number in (7, 8):
            Path("more.csv").write_text(f"id,name,kg\n{number},kiwi,1.0\n")
            fruit("load", "more.csv", "--into", "fruit")
        assert fruit("maintain").out.startswith("Compacted fruit: version 6, 3 files")
        fruit("load", "more.csv", "--into", "fruit")
        for file in home.rglob("*.parquet"):
            file.unlink()
        failed = fruit("maintain")
        assert failed.code == 1
        assert "Could not compact fruit" in failed.err

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_maintain_repeats_until_a_signal(self, home: Path, number: signal.Signals) -> None:
        with supertable.connect(home=home) as lake:
            lake.create_table("t", SCHEMA).set_maintenance(small_files=2)
        environment = {**os.environ, "SUPERTABLE_HOME": str(home)}
        process = subprocess.Popen(
            [*COMMAND, "--json", "maintain", "--every", "0.1"], env=environment, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        with supertable.connect(home=home) as lake:
            for _ in range(3):
                lake.write("t", table(range(2)))
            deadline = time.monotonic() + 60
            while lake.table("t").info().files != 1:
                assert time.monotonic() < deadline
                time.sleep(0.05)
        process.send_signal(number)
        assert process.wait(30) == 0
        first = process.stdout.read()
        assert json.loads(first[: first.index("\n}") + 2])["compactions"][0]["table"] == "t"
