"""Maintenance merges exports of the audit log: no event is lost, doubled, moved or changed, and the chain holds."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from dependency_injector import providers

import supertable
from supertable.adapters.clocks.manual import ManualClock
from supertable.adapters.codecs.table_logs import table_log_codec
from supertable.adapters.locks.memory import InMemoryLocks
from supertable.adapters.object_stores.local.local_store import LocalObjectStore
from supertable.application.storage.checksums import digest_of
from supertable.application.storage.sealed_objects import opened, sealed
from supertable.application.tables.namespace import audit_namespace
from supertable.application.tables.open_table import OpenTable
from supertable.domain.access.roles import Permission
from supertable.domain.access.sessions import owner
from supertable.domain.audit import AuditKind
from supertable.domain.table.commits import Commit, Operation
from supertable.entrypoints.sdk.lakes.lake import Lake
from tests.support.audit_events import event_fields
from tests.support.budgets import todays
from tests.support.faulty_lake import acted_with_fault
from tests.support.faulty_store import Fault
from tests.support.interleaved_store import InterleavedStore

ODD = ["", "nul \0 byte", "🌍 é", 'quote " \\ and \n', " space "]
DAY = 24 * 3600


def record(lake: Lake, first: int, last: int, every: int = 1) -> None:
    """Record events named by their numbers, and export after so many."""
    for number in range(first, last + 1):
        odd = ODD[number % len(ODD)]
        lake._container.audit().record_action(
            owner("default"),
            AuditKind.QUERY,
            str(number),
            statement=odd,
            tables=(odd, str(number)),
            rows=None if number % 3 else number,
        )
        if (number - first + 1) % every == 0:
            lake.audit.export()


def expected(last: int) -> list[tuple[Any, ...]]:
    found = []
    for number in range(1, last + 1):
        odd = ODD[number % len(ODD)]
        found.append((number, str(number), odd, [odd, str(number)], None if number % 3 else number))
    return found


def recorded(lake: Lake) -> list[tuple[Any, ...]]:
    """The events that `record` made, oldest first."""
    found = event_fields(lake, "sequence", "what", "statement", "tables", "rows", "engine")
    return [event[:-1] for event in found if not event[-1]]


def log_of(lake: Lake) -> OpenTable:
    return lake._container.tables().open(audit_namespace("default"), "audit", Permission.META)


def events_in_files(lake: Lake) -> list[int]:
    return [file.rows for file in log_of(lake).snapshot.files.values()]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose log has 20 exports of 3 events each."""
    home = tmp_path_factory.mktemp("exported")
    with supertable.connect(home) as lake:
        record(lake, 1, 60, every=3)
    return home


@pytest.fixture
def lake(home: Path, exported: Path) -> Iterator[Lake]:
    shutil.copytree(exported, home, dirs_exist_ok=True)
    with supertable.connect(home) as lake:
        lake._container.locks.override(providers.Object(InMemoryLocks()))  # they block no other lake
        yield lake


def test_events_are_the_same_in_one_file(lake: Lake, home: Path) -> None:
    report = lake.maintain()
    assert [(done.table, done.files_before, done.files_after) for done in report.compactions] == [
        ("system.audit", 20, 1)
    ]
    assert events_in_files(lake) == [60]
    assert recorded(lake) == expected(60)
    assert [event[0] for event in event_fields(lake, "sequence")] == [*range(1, 62)]
    with supertable.connect(home) as other:
        report_of_all = other.audit.verify()
        assert report_of_all.whole
        assert report_of_all.segments < 5
        assert other.audit.events(limit=5, kind="query")["what"].to_pylist()[1:] == ["60", "59", "58", "57"]


def test_a_second_round_has_nothing_to_do(lake: Lake) -> None:
    lake.maintain()
    version = log_of(lake).snapshot.version
    assert lake.maintain().compactions == []
    assert lake.maintain(lambda: True).compactions == []
    assert log_of(lake).snapshot.version == version


def test_the_chain_continues_after_merges(lake: Lake) -> None:
    for start in range(61, 121, 20):
        lake.maintain()
        record(lake, start, start + 19)
    assert recorded(lake) == expected(120)
    assert lake.audit.verify().whole


MOMENTS: dict[str, Callable[[str], bool]] = {
    "while events are read": lambda call: call.startswith("open_writer") and "/data/" in call,
    "at the commit": lambda call: call.startswith("put_if_absent") and "/log/" in call,
}


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("act", ["merge", "export", "both"])
def test_another_process_merges_or_exports_meanwhile(lake: Lake, home: Path, moment: str, act: str) -> None:
    def interfere() -> None:
        if act != "merge":
            record(lake, 61, 64)
        if act != "export":
            lake.maintain()

    with supertable.connect(home) as other:
        store = InterleavedStore(LocalObjectStore(home / "storage"), MOMENTS[moment], interfere)
        other._container.store.override(providers.Object(store))
        report = other.maintain()
        assert store.acted
        assert report.failures == []
        assert report.compactions[0].given_up == int(act != "export")
    assert max(events_in_files(lake)) == {"merge": 60, "export": 60, "both": 64}[act]
    assert recorded(lake) == expected(60 if act == "merge" else 64)
    assert lake.audit.verify().whole


@pytest.mark.parametrize("fault", [Fault.CRASH_AFTER, Fault.LOST_ANSWER])
def test_a_fault_at_any_step(exported: Path, tmp_path: Path, home: Path, fault: Fault) -> None:
    for at in todays(range(1, 60), f"merged exports {fault}"):
        place = tmp_path / str(at)
        shutil.copytree(exported, place)
        store = acted_with_fault(place, fault, at, lambda lake: lake.maintain())
        with supertable.connect(place) as lake:
            assert recorded(lake) == expected(60), store.calls[at - 1]
            assert lake.maintain().failures == []
            assert max(events_in_files(lake)) >= 60
            assert recorded(lake) == expected(60)
            assert lake.audit.verify().whole
        shutil.rmtree(place)
        if not store.met:
            return


class TestReaders:
    def test_a_reader_that_began_before_sees_each_event_once(self, lake: Lake, home: Path) -> None:
        query = lake.sql("SELECT sequence FROM system.audit WHERE engine = '' ORDER BY sequence")
        with supertable.connect(home) as other:
            assert other.maintain().compactions[0].files_after < 5
            other._container.vacuum_table().run(log_of(other), 0, grace_seconds=0)
        assert query.arrow()["sequence"].to_pylist() == [*range(1, 61)]

    def test_the_log_of_an_earlier_version_is_the_same(self, lake: Lake) -> None:
        before = log_of(lake).snapshot.version
        lake.maintain()
        sql = f"SELECT list(what ORDER BY sequence) AS all FROM system.audit AT (VERSION => {before})"
        assert lake.sql(sql).arrow()["all"].to_pylist() == [[str(number) for number in range(1, 61)]]


class TestRetention:
    def test_merged_exports_are_removed_when_the_retention_is_over(self, home: Path) -> None:
        clock = ManualClock(time.time_ns() // 1000)
        with supertable.connect(home) as lake:
            lake._container.clock.override(providers.Object(clock))
            record(lake, 1, 60, every=3)
            folder = home / "storage" / log_of(lake).folder / "data"
            before = {path.name for path in folder.iterdir()}
            lake.maintain()
            clock.advance(7 * DAY)
            assert lake.maintain().vacuums == []
            assert before < {path.name for path in folder.iterdir()}
            clock.advance(2 * DAY)
            record(lake, 61, 61)
            (vacuum,) = lake.maintain().vacuums
            assert (vacuum.table, len(vacuum.removed)) == ("system.audit", 20)
            assert not before & {path.name for path in folder.iterdir()}
            assert recorded(lake) == expected(61)
            assert lake.audit.verify().whole
        with supertable.connect(home) as lake:
            record(lake, 62, 65)
            assert lake.audit.verify().whole


class Attacker:
    """Changes the log in the store, whose version `merge` is a merge. Every digest and seal is made to match."""

    def __init__(self, home: Path, merged: OpenTable) -> None:
        self.home = home
        self.folder = merged.folder
        self.merge = merged.snapshot.version
        self.codec = table_log_codec()

    def record(self, version: int) -> Path:
        return self.home / "storage" / self.folder / "log" / f"{version:020d}"

    def commit(self, version: int) -> Commit:
        return self.codec.decode_record(opened(self._key(version), self.record(version).read_bytes()))

    def put(self, version: int, commit: Commit) -> None:
        self.record(version).write_bytes(sealed(self._key(version), self.codec.encode_record(commit)))

    def rewrite(self, version: int, change: Callable[[list[dict[str, Any]]], object]) -> None:
        commit = self.commit(version)
        (file,) = commit.change.added
        path = self.home / "storage" / self.folder / file.path
        rows = pq.read_table(path)
        changed = rows.to_pylist()
        change(changed)
        pq.write_table(pa.Table.from_pylist(changed, rows.schema), path)
        data = path.read_bytes()
        file = replace(file, rows=len(changed), bytes=len(data), digest=digest_of(data))
        self.put(version, replace(commit, change=replace(commit.change, added=(file,))))

    def _key(self, version: int) -> str:
        return f"{self.folder}/log/{version:020d}"


class TestTampering:
    @pytest.fixture
    def attacker(self, lake: Lake, home: Path) -> Attacker:
        lake.maintain()
        attacker = Attacker(home, log_of(lake))
        lake._container.vacuum_table().run(log_of(lake), 0, grace_seconds=0)
        lake.close()
        assert attacker.commit(attacker.merge).change.operation is Operation.COMPACT
        return attacker

    @staticmethod
    def findings(home: Path) -> str:
        shutil.rmtree(home / "catalog")
        shutil.rmtree(home / "cache", ignore_errors=True)
        with supertable.connect(home) as lake:
            report = lake.audit.verify()
            assert not report.whole
            return "; ".join(finding.what for finding in report.findings)

    def test_an_edited_event(self, attacker: Attacker, home: Path) -> None:
        attacker.rewrite(attacker.merge, lambda rows: rows[29].update(what="nothing"))
        assert self.findings(home) == "event 30 was edited"

    def test_events_in_another_order(self, attacker: Attacker, home: Path) -> None:
        attacker.rewrite(attacker.merge, lambda rows: rows.reverse())
        assert "event 1 was expected, but this is event 60" in self.findings(home)

    @pytest.mark.parametrize("place", [0, 30, 59])
    def test_an_event_that_a_merge_left_out(self, attacker: Attacker, home: Path, place: int) -> None:
        attacker.rewrite(attacker.merge, lambda rows: rows.pop(place))
        found = self.findings(home)
        assert "is not an export of events, and not a merge of exports" in found
        assert f"event {place + 1} was expected" in found or "the log had events up to 60" in found

    def test_a_removed_merge(self, attacker: Attacker, home: Path) -> None:
        attacker.record(attacker.merge).unlink()
        found = self.findings(home)
        assert f"version {attacker.merge} is missing" in found
        assert "it is missing; it had 3 events" in found
        assert "the log had events up to 60, but now ends at 0" in found

    def test_an_event_hidden_by_a_deletion_vector(self, attacker: Attacker, home: Path) -> None:
        commit = attacker.commit(attacker.merge)
        hidden = replace(commit.change, operation=Operation.DELETE)
        attacker.put(attacker.merge, replace(commit, change=hidden))
        assert "is not an export of events" in self.findings(home)


def test_damaged_exports_are_not_merged(lake: Lake, home: Path) -> None:
    path = home / "storage" / log_of(lake).folder / list(log_of(lake).snapshot.files)[4]
    path.write_bytes(path.read_bytes()[:-9])
    report = lake.maintain()
    assert [(failure.table, failure.action) for failure in report.failures] == [("system.audit", "maintain")]
    assert path.name in report.failures[0].reason
    assert len(events_in_files(lake)) >= 20


def test_a_lost_end_stays_visible_after_merges(home: Path) -> None:
    """The log loses events 58 to 60. Merges make more versions than were lost before the next event is exported."""
    with supertable.connect(home) as lake:
        record(lake, 1, 60, every=3)
        newest = log_of(lake)
    (home / "storage" / newest.folder / "log" / f"{newest.snapshot.version:020d}").unlink()
    shutil.rmtree(home / "catalog")
    with supertable.connect(home) as lake:
        for _ in range(3):
            files = list(log_of(lake).snapshot.files.values())
            lake._container.compact_table().run(log_of(lake), [tuple(files)], ["sequence"])
        record(lake, 61, 61)
        report = lake.audit.verify()
    assert [finding.what for finding in report.findings] == ["event 58 was expected, but this is event 61"]
