"""Random histories of a table with two writers, crashes and lost catalogs, compared with a model in plain Python.

Each lake that is opened has another limit of the rows that ride in commit records.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from dependency_injector import providers
from hypothesis import note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

import supertable
from supertable.adapters.locks.memory import InMemoryLocks
from supertable.adapters.object_stores.local.local_store import LocalObjectStore
from supertable.application.ports.object_stores import ObjectStore
from supertable.application.writes.write_modes import ModeName
from supertable.domain.access.roles import Permission
from supertable.domain.errors import CommitUncertain, StoreUnavailable, VersionNotFound
from supertable.entrypoints.sdk.lakes.lake import Lake
from tests.support.budgets import BUDGET
from tests.support.delete_conditions import CONDITIONS
from tests.support.faulty_store import Crash, Fault, FaultyStore
from tests.support.interleaved_store import InterleavedStore
from tests.support.oracles.portable_selects import SQLITE, PortableSelects
from tests.support.oracles.sqlite_side import SqliteSide, comparable, listed

Row = tuple[int | None, int | None, str | None]
Rows = dict[int | None, Row]

KEYS = st.one_of(st.none(), st.integers(0, 12))
BATCHES = st.lists(
    st.tuples(KEYS, st.one_of(st.none(), st.integers(0, 5)), st.sampled_from([None, "a", "b"])), max_size=8
)
WRITERS = st.integers(0, 1)
ORDERS = st.sampled_from([None, ["v"], ["seq", "k"]])
FAULTS = st.sampled_from(list(Fault))
SCHEMA = pa.schema([("k", pa.int64()), ("seq", pa.int64()), ("v", pa.string())])


def sequence_of(row: Row) -> tuple[bool, int]:
    """A sort key; null is the lowest."""
    return (row[1] is not None, row[1] or 0)


class Histories(RuleBasedStateMachine):
    """`versions[i]`: the model's rows of version i + 1, by key.

    Versions before `oldest` have expired, except the `pinned` ones. `steps` counts the steps of all histories.
    """

    steps = 0

    def __init__(self) -> None:
        super().__init__()
        self.home = Path(tempfile.mkdtemp(prefix="supertable-history-"))
        self.inline_rows = cycle([100])
        self.lakes: list[Lake] = []
        self.versions: list[Rows] = []
        self.sequence = False
        self.name = "t"
        self.clones = 0
        self.oldest = 1
        self.pinned: dict[str, int] = {}

    def open(self) -> Lake:
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("SUPERTABLE_INLINE_ROWS", str(next(self.inline_rows)))
            return supertable.connect(home=self.home)

    def store(self) -> ObjectStore:
        """Another handle on the lakes' object store."""
        return LocalObjectStore(self.home / "storage")

    def teardown(self) -> None:
        for lake in self.lakes:
            lake.close()
        shutil.rmtree(self.home)

    @initialize(sequence=st.booleans(), inline_rows=st.permutations([0, 2, 100]))
    def create(self, sequence: bool, inline_rows: list[int]) -> None:
        self.inline_rows = cycle(inline_rows)
        self.lakes = [self.open(), self.open()]
        self.sequence = sequence
        self.lakes[0].create_table("t", SCHEMA, keys=["k"], sequence="seq" if sequence else None)
        self.versions.append({})

    @property
    def now(self) -> Rows:
        return self.versions[-1]

    @property
    def readable(self) -> list[int]:
        return sorted({*range(self.oldest, len(self.versions) + 1), *self.pinned.values()})

    def merged(self, base: Rows, batch: list[Row]) -> Rows:
        after = dict(base)
        for row in batch:
            present = after.get(row[0])
            if present is None or not self.sequence or sequence_of(row) >= sequence_of(present):
                after[row[0]] = row
        return after

    def commit(self, after: Rows, write: Callable[[], Any]) -> None:
        result = write()
        self.versions.append(after)
        assert result.version == len(self.versions)

    @rule(writer=WRITERS, batch=BATCHES, mode=st.sampled_from(["append", "upsert"]))
    def write(self, writer: int, batch: list[Row], mode: ModeName) -> None:
        after = self.merged(self.now, batch)
        self.commit(after, lambda: self.lakes[writer].write(self.name, table(batch), mode=mode))

    @rule(writer=WRITERS, batch=BATCHES)
    def overwrite(self, writer: int, batch: list[Row]) -> None:
        after = self.merged({}, batch)
        self.commit(after, lambda: self.lakes[writer].write(self.name, table(batch), mode="overwrite"))

    @rule(writer=WRITERS, batch=BATCHES, value=st.sampled_from(["a", "b"]))
    def overwrite_where(self, writer: int, batch: list[Row], value: str) -> None:
        given: list[Row] = [(key, at, value) for key, at, _ in batch]
        kept = {key: row for key, row in self.now.items() if row[2] != value}
        after = self.merged(kept, given)
        where = f"v = '{value}'"
        self.commit(after, lambda: self.lakes[writer].write(self.name, table(given), mode="overwrite", where=where))

    @rule(writer=WRITERS, batch=BATCHES)
    def upsert_some_columns(self, writer: int, batch: list[Row]) -> None:
        whole: list[Row] = [(key, at, self.now.get(key, (None, None, None))[2]) for key, at, _ in batch]
        after = self.merged(self.now, whole)
        given = table(batch).drop_columns(["v"])
        self.commit(after, lambda: self.lakes[writer].write(self.name, given, mode="upsert"))

    @rule(writer=WRITERS, keys=st.lists(KEYS, max_size=5))
    def delete_keys(self, writer: int, keys: list[int | None]) -> None:
        after = {key: row for key, row in self.now.items() if key not in keys}
        self.commit(
            after, lambda: self.lakes[writer].delete(self.name, keys=pa.table({"k": pa.array(keys, pa.int64())}))
        )

    @rule(writer=WRITERS, bound=st.integers(0, 12))
    def delete_where(self, writer: int, bound: int) -> None:
        after = {key: row for key, row in self.now.items() if not (key is not None and key < bound and row[2] == "a")}
        self.commit(after, lambda: self.lakes[writer].delete(self.name, where=f"k < {bound} AND v = 'a'"))

    @rule(writer=WRITERS, condition=st.sampled_from(list(CONDITIONS)))
    def delete_by_condition(self, writer: int, condition: str) -> None:
        after = {key: row for key, row in self.now.items() if not CONDITIONS[condition](*row)}
        self.commit(after, lambda: self.lakes[writer].delete(self.name, where=condition))

    @rule(writer=WRITERS, data=st.data())
    def restore(self, writer: int, data: st.DataObject) -> None:
        version = data.draw(st.sampled_from(self.readable))
        after = self.versions[version - 1]
        self.commit(after, lambda: self.lakes[writer].table(self.name).restore(version))

    @rule(writer=WRITERS, sort_by=ORDERS, everything=st.booleans())
    def compact(self, writer: int, sort_by: list[str] | None, everything: bool) -> None:
        result = self.lakes[writer].table(self.name).compact(sort_by, everything=everything)
        self.add_unchanged(result.version, result.commits)

    @rule(writer=WRITERS, sort_by=ORDERS, batch=BATCHES, at=st.integers(1, 12), vacuum=st.booleans())
    def compact_beside_a_write(
        self, writer: int, sort_by: list[str] | None, batch: list[Row], at: int, vacuum: bool
    ) -> None:
        other = self.lakes[writer]

        def write() -> None:
            self.delete_where(writer, 6)
            self.commit(self.merged(self.now, batch), lambda: other.write(self.name, table(batch), mode="upsert"))
            if vacuum:
                self.vacuum(writer, 0)

        calls = iter(range(1, 1000))
        store = InterleavedStore(self.store(), lambda _: next(calls) == at, write)
        with self.open() as lake:
            lake._container.locks.override(providers.Object(InMemoryLocks()))
            lake._container.store.override(providers.Object(store))
            result = lake.table(self.name).compact(sort_by, everything=True)
        note(f"{store.acted} {result}")
        self.add_unchanged(result.version, result.commits)

    def add_unchanged(self, version: int, commits: int) -> None:
        """Add versions that moved rows to other files without changing them."""
        self.versions += [self.now] * commits
        assert version == len(self.versions)

    @rule(writer=WRITERS, grace=st.sampled_from([0, 24 * 3600]))
    def vacuum(self, writer: int, grace: float) -> None:
        lake = self.lakes[writer]
        planned = lake.table(self.name).vacuum(0, grace=grace, dry_run=True)
        result = lake._container.vacuum_table()(lake._namespace, self.name, 0, False, grace, wait_seconds=0.01)
        assert result.removed == (() if result.waiting else planned.removed)
        if result.oldest > self.oldest:
            assert result.oldest == len(self.versions)
            self.add_unchanged(result.version, 1)
        self.oldest = result.oldest

    @rule(writer=WRITERS, action=st.sampled_from(["compact", "vacuum"]), fault=FAULTS, at=st.integers(1, 30))
    def maintain_with_a_fault(self, writer: int, action: str, fault: Fault, at: int) -> None:
        faulty = self.open()
        store = FaultyStore(self.store(), fault, at)
        faulty._container.store.override(providers.Object(store))
        try:
            table = faulty.table(self.name)
            table.compact(everything=True) if action == "compact" else table.vacuum(0, grace=0)
        except (StoreUnavailable, CommitUncertain, Crash):
            pass
        faulty.close()
        lake = self.lakes[writer]
        snapshot = lake._container.tables().open(lake._namespace, self.name, Permission.META).snapshot
        self.add_unchanged(snapshot.version, snapshot.version - len(self.versions))
        self.oldest = snapshot.oldest

    @rule(writer=WRITERS, name=st.sampled_from(["one", "two"]), data=st.data())
    def tag(self, writer: int, name: str, data: st.DataObject) -> None:
        version = data.draw(st.sampled_from(self.readable))
        self.lakes[writer].table(self.name).tag(name, version, replace=True)
        self.pinned[name] = version

    @rule(writer=WRITERS, data=st.data())
    def untag(self, writer: int, data: st.DataObject) -> None:
        tags = sorted({"one", "two"} & self.pinned.keys())
        if tags:
            name = data.draw(st.sampled_from(tags))
            self.lakes[writer].table(self.name).untag(name)
            del self.pinned[name]

    @rule(writer=WRITERS, repair=st.booleans())
    def check(self, writer: int, repair: bool) -> None:
        report = self.lakes[writer].fsck(repair=repair)
        assert report.sound, report.findings

    @rule(writer=WRITERS, data=st.data())
    def expired_versions_cannot_be_read(self, writer: int, data: st.DataObject) -> None:
        expired = sorted({*range(1, self.oldest)} - {*self.readable})
        if expired:
            version = data.draw(st.sampled_from(expired))
            with pytest.raises(VersionNotFound):
                read(self.lakes[writer], f"{self.name} AT (VERSION => {version})")
            with pytest.raises(VersionNotFound):
                self.lakes[writer].table(self.name).restore(version)

    @rule(writer=WRITERS, name=st.sampled_from(["t", "T", "renamed"]), drop=st.booleans())
    def rename(self, writer: int, name: str, drop: bool) -> None:
        if drop:
            self.lakes[writer].drop(self.name)
            self.lakes[1 - writer].undrop(self.name, as_name=name)
        else:
            self.lakes[writer].rename(self.name, name)
        self.name = name

    @rule(writer=WRITERS, data=st.data())
    def clone(self, writer: int, data: st.DataObject) -> None:
        version = data.draw(st.sampled_from(self.readable))
        self.clones += 1
        name = f"clone_{self.clones}"
        self.lakes[writer].clone(self.name, name, version)
        self.pinned[name] = version
        assert read(self.lakes[1 - writer], name) == ordered(self.versions[version - 1])
        self.lakes[1 - writer].write(name, table([(0, 9, "clone")]), mode="overwrite")
        assert read(self.lakes[writer], name) == [(0, 9, "clone")]

    @rule(writer=WRITERS, data=st.data())
    def changes_lead_from_one_version_to_another(self, writer: int, data: st.DataObject) -> None:
        after = data.draw(st.integers(self.oldest, len(self.versions)))
        up_to = data.draw(st.integers(after, len(self.versions)))
        state = Counter(self.versions[after - 1].values())
        for row in self.lakes[writer].changes(self.name, after, up_to).arrow().to_pylist():
            is_new = row["_change"] in ("insert", "update_after")
            state[row["k"], row["seq"], row["v"]] += 1 if is_new else -1
        assert Counter({row: n for row, n in state.items() if n}) == Counter(self.versions[up_to - 1].values())

    @rule(writer=WRITERS, seed=st.integers(0, 10**6), data=st.data())
    def sqlite_gives_the_same_answers(self, writer: int, seed: int, data: st.DataObject) -> None:
        version = data.draw(st.sampled_from(self.readable))
        columns = "(SELECT k AS a, seq AS b, v AS s FROM"
        sources = (f"{columns} {self.name})", f"{columns} {self.name} AT (VERSION => {version}))")
        ours, theirs = PortableSelects(seed, sources), PortableSelects(seed, ("newest", "older"), SQLITE)
        (sql, ordered), (sqlite_sql, _) = ours.statement(), theirs.statement()
        sqlite = SqliteSide()
        for name, rows in (("newest", self.now), ("older", self.versions[version - 1])):
            sqlite.add(name, "a INTEGER, b INTEGER, s TEXT", rows.values())
        found = comparable(listed(self.lakes[writer].sql(sql).arrow()), ordered)
        assert found == comparable(sqlite.ask(sqlite_sql), ordered), sql
        sqlite.close()

    @rule(writer=WRITERS)
    def lose_the_catalog(self, writer: int) -> None:
        for file in (self.home / "catalog").rglob("*.sqlite*"):
            file.unlink()

    @rule(writer=WRITERS)
    def restart(self, writer: int) -> None:
        self.lakes[writer].close()
        self.lakes[writer] = self.open()

    @rule(writer=WRITERS, batch=BATCHES, fault=st.sampled_from(list(Fault)), at=st.integers(1, 20), again=st.booleans())
    def write_with_a_fault(self, writer: int, batch: list[Row], fault: Fault, at: int, again: bool) -> None:
        after = self.merged(self.now, batch)
        key = f"key-{len(self.versions)}"
        faulty = self.open()
        store = FaultyStore(self.store(), fault, at)
        faulty._container.store.override(providers.Object(store))
        acknowledged = False
        try:
            faulty.write(self.name, table(batch), mode="upsert", idempotency_key=key)
            acknowledged = True
        except (StoreUnavailable, CommitUncertain, Crash):
            pass
        faulty.close()
        committed = self.lakes[writer].table(self.name).info().version > len(self.versions)
        note(f"{fault} at {store.calls[-1] if store.met else 'no step'}: committed {committed}")
        assert committed or not acknowledged
        if again or committed:
            result = self.lakes[writer].write(self.name, table(batch), mode="upsert", idempotency_key=key)
            assert result.replayed == committed
            self.versions.append(after)

    @invariant()
    def both_read_the_newest_version(self) -> None:
        type(self).steps += 1
        if self.versions:
            for lake in self.lakes:
                assert read(lake, self.name) == ordered(self.now)

    @rule(writer=WRITERS, data=st.data())
    def any_version_reads_back(self, writer: int, data: st.DataObject) -> None:
        version = data.draw(st.sampled_from(self.readable))
        assert read(self.lakes[writer], f"{self.name} AT (VERSION => {version})") == ordered(self.versions[version - 1])


def table(batch: list[Row]) -> pa.Table:
    return pa.table([list(column) for column in zip(*batch, strict=True)] if batch else [[], [], []], schema=SCHEMA)


def ordered(rows: Rows) -> list[Row]:
    return sorted(rows.values(), key=lambda row: (row[0] is None, row[0] or 0))


def read(lake: Lake, source: str) -> list[Row]:
    found = lake.sql(f"SELECT k, seq, v FROM {source} ORDER BY k NULLS LAST").arrow()
    return list(zip(*(column.to_pylist() for column in found.columns), strict=True))


@pytest.mark.slow
class TestHistories(Histories.TestCase):  # type: ignore[misc, valid-type]
    settings = settings(max_examples=BUDGET.histories, stateful_step_count=BUDGET.steps)

    def runTest(self) -> None:  # noqa: N802 - unittest's name
        super().runTest()
        print(f"\n{Histories.steps:,} steps of random histories")
        assert Histories.steps >= BUDGET.histories * BUDGET.steps // 2
