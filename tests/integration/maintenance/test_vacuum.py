"""Vacuum keeps every object that a version, pin or query needs, and removes the others, each with a reason."""

from __future__ import annotations

import os
import random
import shutil
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from dependency_injector import providers

import supertable
from supertable.adapters.clocks.manual import ManualClock
from supertable.adapters.locks.memory import InMemoryLocks
from supertable.adapters.object_stores.local.local_store import LocalObjectStore
from supertable.application.ports.engines.running_queries import Limits
from supertable.application.writes.write_modes import ModeName
from supertable.domain.errors import (
    InvalidSetting,
    TableNotFound,
    VersionNotFound,
)
from supertable.entrypoints.sdk.lakes.lake import Lake
from tests.integration.commits.writer_processes import context, read_slowly
from tests.support.budgets import todays
from tests.support.faulty_lake import acted_with_fault
from tests.support.faulty_store import Fault
from tests.support.interleaved_store import InterleavedStore

pytestmark = pytest.mark.usefixtures("as_files")

SCHEMA = pa.schema([("id", pa.int64()), ("v", pa.string())])
DAY = 24 * 3600
Rows = list[tuple[Any, ...]]


def table(ids: range, v: str) -> pa.Table:
    return pa.table([list(ids), [v] * len(ids)], schema=SCHEMA)


def rows(lake: Lake, source: str = "t") -> Rows:
    found = lake.sql(f"SELECT * FROM {source} ORDER BY ALL").arrow()
    return list(zip(*(column.to_pylist() for column in found.columns), strict=True))


def objects(home: Path) -> set[str]:
    return {entry.key for entry in LocalObjectStore(home / "storage").list("")}


def kinds(keys: Iterator[str] | set[str]) -> set[str]:
    return {key.split("/")[-2] for key in keys}


def fill(lake: Lake) -> None:
    """Versions 2 to 4 write, 5 deletes, 6 compacts."""
    lake.create_table("t", SCHEMA, keys=["id"])
    lake.write("t", table(range(10), "a"))
    lake.write("t", table(range(5, 15), "b"), mode="upsert")
    lake.write("t", table(range(20, 22), "c"))
    lake.delete("t", where="id = 3")
    lake.table("t").compact()


@pytest.fixture
def lake(home: Path) -> Iterator[Lake]:
    with supertable.connect(home=home) as lake:
        lake._container.locks.override(providers.Object(InMemoryLocks()))
        fill(lake)
        yield lake


def during(home: Path, moment: Callable[[str], bool], act: Callable[[], object]) -> tuple[Lake, InterleavedStore]:
    """A lake whose store calls `act` at `moment`. Its locks are in memory, so they block no other lake."""
    lake = supertable.connect(home=home)
    lake._container.locks.override(providers.Object(InMemoryLocks()))
    store = InterleavedStore(LocalObjectStore(home / "storage"), moment, act)
    lake._container.store.override(providers.Object(store))
    return lake, store


def nth(number: int, action: str) -> Callable[[str], bool]:
    calls = iter(range(1, 10_000))
    return lambda call: call.startswith(action) and next(calls) == number


def _commits(call: str) -> bool:
    return call.startswith("put_if_absent") and "/log/" in call


class TestRemovedObjects:
    def test_without_retention_only_the_newest_state_is_left(self, lake: Lake, home: Path) -> None:
        before = rows(lake)
        result = lake.table("t").vacuum(0)
        assert (result.oldest, result.version) == (6, 7)
        assert rows(lake) == rows(lake, "t AT (VERSION => 6)") == before
        assert len(list(home.rglob("*.parquet"))) == 1
        assert list(home.rglob("*.arrow")) == []
        assert kinds({removal.key for removal in result.removed}) == {"data", "deletes"}
        with pytest.raises(VersionNotFound, match="versions 6 to 7"):
            rows(lake, "t AT (VERSION => 5)")
        with pytest.raises(VersionNotFound):
            lake.table("t").restore(5)

    def test_history_and_tombstones_stay(self, lake: Lake) -> None:
        before = lake.table("t").history()
        lake.table("t").vacuum(0)
        after = lake.table("t").history()
        assert after[1:] == before
        assert after[0].operation == "vacuum"
        assert after[0].description == "versions before 6 expired"
        assert [tombstone.predicate for tombstone in lake.table("t").tombstones()] == [before[1].predicate]

    def test_every_removed_object_has_a_reason(self, lake: Lake) -> None:
        reasons = {removal.key.split("/")[-2]: removal.reason for removal in lake.table("t").vacuum(0).removed}
        assert reasons["data"] == (
            "removed by version 6 (compact); oldest kept version is 6; no tag, clone or running query needs it"
        )
        assert "last set by version" in reasons["deletes"]

    def test_a_second_vacuum_does_nothing(self, lake: Lake) -> None:
        lake.table("t").vacuum(0)
        again = lake.table("t").vacuum(0)
        assert (again.removed, again.version) == ((), 7)

    def test_no_version_is_made_if_nothing_can_be_removed(self, lake: Lake) -> None:
        lake.create_table("fresh", SCHEMA)
        for n in range(3):
            lake.write("fresh", table(range(n), "x"))
        assert lake.table("fresh").vacuum(0).version == 4
        assert len(rows(lake, "fresh AT (VERSION => 3)")) == 1

    def test_a_dry_run_changes_nothing_and_lists_exactly_what_would_be_removed(self, lake: Lake, home: Path) -> None:
        before = objects(home)
        planned = lake.table("t").vacuum(0, dry_run=True)
        assert objects(home) == before
        assert lake.table("t").info().version == 6
        done = lake.table("t").vacuum(0)
        assert planned.removed == done.removed
        assert planned.bytes_removed == done.bytes_removed > 0
        assert before - objects(home) == {removal.key for removal in planned.removed}

    def test_checkpoints_that_serve_no_kept_version_are_removed(self, lake: Lake, home: Path) -> None:
        for n in range(7, 140):
            lake.write("t", table(range(n, n + 1), "n"), mode="upsert")
        lake.table("t").vacuum(0)
        assert [path.name[-3:] for path in sorted(home.rglob("tables/*/checkpoints/*"))] == ["128"]
        with supertable.connect(home=home) as other:
            assert len(rows(other)) == len(rows(lake))

    def test_a_negative_retention_is_refused(self, lake: Lake) -> None:
        with pytest.raises(InvalidSetting):
            lake.table("t").vacuum(-1)


class TestKeptVersions:
    def test_versions_that_were_newest_within_the_retention(self, home: Path) -> None:
        clock = ManualClock(time.time_ns() // 1000)
        with supertable.connect(home=home) as lake:
            lake._container.clock.override(providers.Object(clock))
            lake.create_table("t", SCHEMA, keys=["id"])
            expected = {}
            for day in range(2, 12):
                clock.advance(DAY)
                lake.write("t", table(range(day), f"day {day}"), mode="overwrite")
                expected[day] = rows(lake)
            assert (
                lake.table("t").vacuum().oldest == 4
            )  # it was the newest until day 5, which is between 6 and 7 days ago
            for version in range(4, 12):
                assert rows(lake, f"t AT (VERSION => {version})") == expected[version]
            assert lake.table("t").vacuum(timedelta(days=1)).oldest == 10
            with pytest.raises(VersionNotFound):
                rows(lake, "t AT (VERSION => 9)")

    def test_a_tagged_version(self, lake: Lake) -> None:
        before = rows(lake, "t AT (VERSION => 3)")
        lake.table("t").tag("keep", 3)
        lake.table("t").vacuum(0)
        assert rows(lake, "t AT (VERSION => 'keep')") == before
        with pytest.raises(VersionNotFound):
            rows(lake, "t AT (VERSION => 2)")
        lake.table("t").restore("keep")
        assert rows(lake) == before
        lake.table("t").untag("keep")
        lake.table("t").vacuum(0)
        assert rows(lake) == before

    def test_a_cloned_version(self, lake: Lake, home: Path) -> None:
        before = rows(lake, "t AT (VERSION => 4)")
        lake.clone("t", "copy", version=4)
        lake.table("t").vacuum(0)
        lake.write("copy", table(range(100, 101), "own"), mode="upsert")
        lake.table("copy").compact()
        lake.table("copy").vacuum(0)
        assert rows(lake, "copy") == [*before, (100, "own")]
        lake.table("t").vacuum(0)
        lake.drop("copy")
        lake.vacuum(0)
        lake.table("t").vacuum(0)
        assert len(list(home.rglob("*.parquet"))) == 1

    def test_orphans_within_the_grace_period(self, lake: Lake, home: Path) -> None:
        folder = next(home.rglob("*.parquet")).parent
        for name, age_seconds in (("young", DAY - 100), ("old", DAY + 100)):
            (folder / f"{name}.parquet").write_bytes(b"orphan")
            os.utime(folder / f"{name}.parquet", (time.time() - age_seconds,) * 2)
        result = lake.table("t").vacuum(0)
        (orphan,) = [removal for removal in result.removed if removal.key.endswith("old.parquet")]
        assert orphan.reason == "no version ever referred to it, and it is older than 24 h"
        assert (folder / "young.parquet").exists()
        assert not (folder / "old.parquet").exists()
        lake.table("t").vacuum(0, grace=timedelta(hours=1))
        assert not (folder / "young.parquet").exists()

    @pytest.mark.parametrize("mode", ["append", "upsert", "overwrite"])
    def test_objects_of_a_commit_in_flight_without_grace_period(self, lake: Lake, home: Path, mode: ModeName) -> None:
        other, store = during(home, _commits, lambda: lake.table("t").vacuum(0, grace=0))
        with other:
            other.write("t", table(range(100, 120), "late"), mode=mode)
        assert store.acted
        assert rows(lake)[-1] == (119, "late")

    def test_objects_of_a_compaction_in_flight(self, lake: Lake, home: Path) -> None:
        lake.write("t", table(range(100, 120), "late"))
        expected = rows(lake)
        other, _ = during(home, _commits, lambda: lake.table("t").vacuum(0, grace=0))
        with other:
            assert other.table("t").compact().commits == 1
        assert rows(lake) == expected


class TestReaders:
    @pytest.fixture
    def many(self, lake: Lake) -> Lake:
        """A table with so many files that a query opens most of them long after its start."""
        lake.create_table("many", SCHEMA)
        for n in range(20):
            lake.write("many", table(range(n * 20_000, (n + 1) * 20_000), "x" * 50))
        lake.write("many", table(range(1), "last"), mode="overwrite")
        return lake

    def test_a_running_query_completes(self, many: Lake, home: Path) -> None:
        reader = many.sql("SELECT * FROM many AT (VERSION => 21)").batches()
        first = reader.read_next_batch()
        with supertable.connect(home=home) as other:
            result = other.table("many").vacuum(0)
        assert (result.removed, result.waiting) == ((), False)
        assert result.bytes_in_use > 0
        assert first.num_rows + sum(batch.num_rows for batch in reader) == 400_000
        assert len(many.table("many").vacuum(0).removed) == 20

    def test_a_query_that_was_prepared_but_not_started(self, many: Lake) -> None:
        use_case = many._container.run_query()
        query = use_case.prepare(many._namespace, "SELECT count(v) FROM many AT (VERSION => 21)")
        assert many.table("many").vacuum(0).removed == ()
        assert use_case.run(query, (), Limits()).reader.read_all().to_pylist() == [{"count(v)": 400_000}]
        many.table("many").vacuum(0)
        with pytest.raises(VersionNotFound):
            use_case.run(query, (), Limits())

    def test_changes_that_are_being_read(self, lake: Lake) -> None:
        expected = lake.changes("t", 1, 5).arrow().sort_by("id")
        changes = lake.sql("SELECT * FROM table_changes('t', 1, 5)", stream=True)
        lake.table("t").vacuum(0)
        assert changes.arrow().sort_by("id") == expected
        lake.table("t").vacuum(0)
        with pytest.raises(VersionNotFound):
            lake.changes("t", 1, 5)

    @pytest.mark.parametrize("end", ["close", "forget", "fail", "exhaust"])
    def test_a_finished_query_keeps_nothing(self, many: Lake, end: str) -> None:
        sql = "SELECT * FROM many AT (VERSION => 21)"
        if end == "close":
            many.sql(sql).close()
        elif end == "forget":
            many.sql(sql).batches().read_next_batch()
        elif end == "fail":
            with pytest.raises(supertable.SupertableError):
                many.sql(sql, max_rows=10).arrow()
        else:
            many.sql(sql).arrow()
        assert many._container.leases().live() == []
        assert len(many.table("many").vacuum(0).removed) == 20

    def test_a_query_in_another_process(self, many: Lake, home: Path) -> None:
        mine, theirs = context().Pipe()
        reader = context().Process(target=read_slowly, args=(home, "SELECT * FROM many AT (VERSION => 21)", theirs))
        reader.start()
        assert mine.recv() == "started"
        assert many.table("many").vacuum(0).removed == ()
        mine.send("continue")
        assert mine.recv() == 400_000
        reader.join()
        assert len(many.table("many").vacuum(0).removed) == 20

    def test_nothing_is_removed_while_a_lease_has_not_reported_what_it_reads(self, lake: Lake) -> None:
        use_case = lake._container.vacuum_table()
        with lake._container.leases().begin():
            started = time.monotonic()
            result = use_case(lake._namespace, "t", 0, wait_seconds=0.3)
            assert time.monotonic() - started >= 0.3
            assert result.waiting
            assert result.removed == ()
        assert lake.table("t").vacuum(0).removed


class TestRaces:
    def test_a_restore_after_the_version_expired(self, lake: Lake, home: Path) -> None:
        other, store = during(home, _commits, lambda: lake.table("t").vacuum(0))
        with other, pytest.raises(VersionNotFound):
            other.table("t").restore(3)
        assert store.acted
        assert lake.table("t").info().version == 7

    def test_a_restore_before_the_version_expires(self, lake: Lake, home: Path) -> None:
        expected = rows(lake, "t AT (VERSION => 3)")
        other, store = during(home, _commits, lambda: lake.table("t").restore(3))
        with other:
            other.table("t").vacuum(0)
        assert store.acted
        assert rows(lake) == expected

    @pytest.mark.parametrize("step", ["read", "list", "size", "delete"])
    def test_a_clone_or_tag_at_any_step(self, home: Path, tmp_path: Path, step: str) -> None:
        """Either it is refused, or everything that it needs is kept."""
        with supertable.connect(home=home) as lake:
            fill(lake)
            expected = rows(lake, "t AT (VERSION => 3)")
        for number in range(1, 100):
            place = tmp_path / f"{number}"
            shutil.copytree(home, place)
            taken: list[str] = []
            with supertable.connect(home=place) as pinner:
                lake, store = during(place, nth(number, step), partial(self.pin, pinner, taken))
                with lake:
                    lake.table("t").vacuum(0)
                if not store.acted:
                    assert number > 1
                    return
                for source, answer in zip(("copy", "t AT (VERSION => 'x')"), taken, strict=True):
                    if answer == "yes":
                        assert rows(pinner, source) == expected, store.calls
            shutil.rmtree(place)

    @staticmethod
    def pin(pinner: Lake, taken: list[str]) -> None:
        for pinned in (lambda: pinner.clone("t", "copy", 3), lambda: pinner.table("t").tag("x", 3)):
            try:
                pinned()
                taken.append("yes")
            except VersionNotFound:
                taken.append("no")

    @pytest.mark.parametrize("fault", list(Fault))
    def test_a_fault_at_any_step(self, home: Path, tmp_path: Path, fault: Fault) -> None:
        with supertable.connect(home=home) as lake:
            fill(lake)
            lake.table("t").tag("x", 3)
            expected = rows(lake), rows(lake, "t AT (VERSION => 'x')")
        for at in todays(range(1, 150), f"vacuum {fault}"):
            place = tmp_path / str(at)
            shutil.copytree(home, place)
            store = acted_with_fault(place, fault, at, lambda lake: lake.table("t").vacuum(0))
            with supertable.connect(home=place) as lake:
                assert (rows(lake), rows(lake, "t AT (VERSION => 'x')")) == expected, store.calls[at - 1]
                lake.table("t").vacuum(0)
                assert (rows(lake), rows(lake, "t AT (VERSION => 'x')")) == expected
                assert len(list(place.rglob("*.parquet"))) == 3
            shutil.rmtree(place)
            if not store.met:
                assert at > 10
                return
        pytest.fail("a fault was still met after 150 steps")


class TestDroppedTables:
    def test_they_are_removed_after_the_retention(self, lake: Lake, home: Path) -> None:
        clock = ManualClock(time.time_ns() // 1000)
        lake._container.clock.override(providers.Object(clock))
        folder = next(home.rglob("*.parquet")).parents[1]
        lake.drop("t")
        assert lake.vacuum().purged == ()
        clock.advance(8 * DAY)
        planned = lake.vacuum(dry_run=True)
        assert folder.exists()
        done = lake.vacuum()
        assert planned.purged[0].removed == done.purged[0].removed
        assert "which was dropped" in done.purged[0].removed[0].reason
        assert [path for path in folder.rglob("*") if path.is_file()] == []
        with pytest.raises(TableNotFound):
            lake.undrop("t")

    def test_an_undropped_table_is_kept(self, lake: Lake) -> None:
        lake.drop("t")
        lake.undrop("t")
        assert lake.vacuum(0).purged == ()
        assert len(rows(lake)) == 16

    def test_clones_keep_their_origin(self, lake: Lake) -> None:
        expected = rows(lake)
        lake.clone("t", "copy")
        lake.clone("copy", "second")
        lake.drop("t")
        lake.drop("copy")
        assert lake.vacuum(0).purged == ()
        assert rows(lake, "second") == expected
        lake.drop("second")
        assert [purged.table for purged in lake.vacuum(0).purged] == ["second", "copy", "t"]

    def test_a_query_that_started_before_the_drop(self, lake: Lake) -> None:
        expected = rows(lake)
        result = lake.sql("SELECT * FROM t ORDER BY ALL", stream=True)
        lake.drop("t")
        assert lake.vacuum(0).purged == ()
        assert result.fetchall() == expected
        assert len(lake.vacuum(0).purged) == 1

    @pytest.mark.parametrize("fault", [Fault.CRASH, Fault.LOST_ANSWER])
    def test_a_fault_at_any_step(self, home: Path, tmp_path: Path, fault: Fault) -> None:
        with supertable.connect(home=home) as lake:
            fill(lake)
            lake.create_table("other", SCHEMA)
            lake.drop("t")
        for at in todays(range(1, 100), f"dropped {fault}"):
            place = tmp_path / str(at)
            shutil.copytree(home, place)
            store = acted_with_fault(place, fault, at, lambda lake: lake.vacuum(0))
            with supertable.connect(home=place) as lake:
                assert [info.name for info in lake.tables()] == ["other"]
                lake.vacuum(0)
                assert list(place.rglob("*.parquet")) == []
                assert lake.vacuum(0).purged == ()
            shutil.rmtree(place)
            if not store.met:
                assert at > 5
                return


@pytest.mark.slow
def test_a_hundred_upserts_take_little_space_after_a_vacuum(home: Path, tmp_path: Path) -> None:
    chance = random.Random(1)
    with supertable.connect(home=home) as lake:
        lake.create_table("t", SCHEMA, keys=["id"])
        lake.write("t", pa.table({"id": range(20_000), "v": [f"value {i}" for i in range(20_000)]}))
        for turn in range(100):
            ids = chance.sample(range(20_000), 100)
            lake.write("t", pa.table({"id": ids, "v": [f"turn {turn} of {i}" for i in ids]}), mode="upsert")
        expected = lake.sql("SELECT * FROM t ORDER BY id").arrow()
        lake.table("t").compact()
        lake.vacuum(0)
        assert lake.sql("SELECT * FROM t ORDER BY id").arrow() == expected
        one_file = lake.create_table_from("one", expected, keys=["id"]).bytes_added
    pq.write_table(expected, tmp_path / "one.parquet")
    data = sum(path.stat().st_size for path in home.rglob("*") if path.parent.name in ("data", "deletes")) - one_file
    table = next(path for path in (home / "storage").rglob("tables/*") if len(list(path.rglob("log/*"))) > 100)
    everything = sum(path.stat().st_size for path in table.rglob("*") if path.is_file())
    assert data <= 1.1 * one_file
    assert everything <= 2 * one_file  # with its whole history
