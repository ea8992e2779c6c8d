"""Concurrent registry changes and writes. Every thread has its own lake, and so its own caches."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from dependency_injector import providers

import supertable
from supertable.adapters.object_stores.local.local_store import LocalObjectStore
from supertable.domain.access.roles import Permission
from supertable.domain.errors import TableExists, TableNotFound, VersionNotFound
from supertable.domain.table.commits import Change, CommitInfo, Operation
from supertable.entrypoints.sdk.lakes.lake import Lake
from tests.support.interleaved_store import InterleavedStore

SCHEMA = pa.schema([("id", pa.int64()), ("turn", pa.int64())])
ROUNDS = 6


def turn_of(turn: int, rows: int = 20) -> pa.Table:
    return pa.table([list(range(rows)), [turn] * rows], schema=SCHEMA)


def at_once(home: Path, *actions: Callable[[Lake], Any]) -> list[Any]:
    """The result or error of each action; all start at the same moment."""
    ready = threading.Barrier(len(actions))

    def run(action: Callable[[Lake], Any]) -> Any:
        with supertable.connect(home=home) as lake:
            lake.tables()
            ready.wait(30)
            try:
                return action(lake)
            except supertable.SupertableError as error:
                return error

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(run, actions))


def renaming(name: str, new_name: str) -> Callable[[Lake], Any]:
    return lambda lake: lake.rename(name, new_name)


def cloning(name: str, version: int) -> Callable[[Lake], Any]:
    return lambda lake: lake.clone("t", name, version)


@pytest.fixture
def lake(home: Path) -> Any:
    with supertable.connect(home=home) as lake:
        yield lake


def test_one_of_two_renames_to_one_name_wins(lake: Lake, home: Path) -> None:
    for number in range(ROUNDS):
        for side in "ab":
            lake.create_table(f"{side}{number}", SCHEMA, comment=side)
        found = at_once(home, *(renaming(f"{side}{number}", f"x{number}") for side in "ab"))
        (lost,) = [side for side, result in zip("ab", found, strict=True) if isinstance(result, TableExists)]
        assert lake.table(f"x{number}").info().comment != lost
        assert lake.table(f"{lost}{number}").info().comment == lost


def test_one_of_two_clones_to_one_name_wins(lake: Lake, home: Path) -> None:
    lake.create_table_from("t", turn_of(0), keys=["id"])
    for number in range(ROUNDS):
        found = at_once(home, *(cloning(f"c{number}", version) for version in (1, 2)))
        (lost,) = [at for at, result in zip((1, 2), found, strict=True) if isinstance(result, TableExists)]
        assert lake.table(f"c{number}").info().rows == (20 if lost == 1 else 0)


def test_a_drop_and_a_rename_commit_in_either_order(lake: Lake, home: Path) -> None:
    for number in range(ROUNDS):
        lake.create_table("t", SCHEMA)
        dropped, renamed = at_once(home, lambda lake: lake.drop("t"), renaming("t", f"u{number}"))
        assert sum(isinstance(result, TableNotFound) for result in (dropped, renamed)) == 1
        if isinstance(dropped, TableNotFound):
            lake.drop(f"u{number}")
    assert lake.tables() == []
    assert len(lake.dropped_tables()) == ROUNDS


def test_an_undropped_table_has_every_acknowledged_write(lake: Lake, home: Path) -> None:
    for _ in range(ROUNDS):
        lake.create_table("t", SCHEMA)
        done: list[int] = []
        started = threading.Event()

        def write(lake: Lake, done: list[int] = done, started: threading.Event = started) -> None:
            for turn in range(500):
                lake.write("t", turn_of(turn, rows=1), create=False)
                done.append(turn)
                started.set()

        def drop(lake: Lake, started: threading.Event = started) -> None:
            started.wait(30)
            lake.drop("t")

        written, dropped = at_once(home, write, drop)
        assert isinstance(written, TableNotFound)
        assert dropped is None
        lake.undrop("t")
        assert lake.sql("SELECT turn FROM t ORDER BY turn").arrow().column("turn").to_pylist() == done
        lake.drop("t")


def test_a_clone_during_writes_is_one_exact_version(lake: Lake, home: Path) -> None:
    lake.create_table_from("t", turn_of(0), keys=["id"])
    stop = threading.Event()

    def write(lake: Lake) -> int:
        turn = 0
        while not stop.is_set():
            turn += 1
            lake.write("t", turn_of(turn), mode="upsert")
        return turn

    def clone(lake: Lake) -> None:
        try:
            for number in range(10):
                lake.clone("t", f"c{number}")
                lake.delete(f"c{number}", where="id < 10")
        finally:
            stop.set()

    turns, cloned = at_once(home, write, clone)
    assert turns
    assert cloned is None
    for number in range(10):
        version = lake.table(f"c{number}").history()[-1].description.rsplit(" ", 1)[-1]
        both = f"c{number} AT (VERSION => 1) JOIN t AT (VERSION => {version}) USING (id, turn)"
        found = lake.sql(f"SELECT count(*) AS n, count(DISTINCT turn) AS turns FROM {both}").arrow().to_pylist()
        assert found == [{"n": 20, "turns": 1}]
        assert lake.table(f"c{number}").info().rows == 10


class TestVersionsThatExpireBeforeThePin:
    """A vacuum may expire a version after it was read and before its pin is committed."""

    @pytest.fixture
    def raced(self, lake: Lake, home: Path) -> Any:
        lake.create_table_from("t", turn_of(0), keys=["id"])
        lake.write("t", turn_of(1), mode="upsert")
        with supertable.connect(home=home) as raced:
            store = InterleavedStore(
                LocalObjectStore(home / "storage"),
                registering,
                lambda: expire(lake, "t"),
            )
            raced._container.store.override(providers.Object(store))
            yield raced
            assert store.acted

    def test_a_tag_is_undone(self, lake: Lake, raced: Lake) -> None:
        with pytest.raises(VersionNotFound):
            raced.table("t").tag("old", 2)
        assert lake.table("t").tags() == {}

    def test_a_clone_is_undone(self, lake: Lake, raced: Lake) -> None:
        with pytest.raises(VersionNotFound):
            raced.clone("t", "c", 2)
        assert [info.name for info in lake.tables()] == ["t"]
        assert lake.dropped_tables() == []
        assert lake._container.tables().open(lake._namespace, "t", Permission.META).entry.pinned == frozenset()

    def test_the_newest_version_is_kept(self, lake: Lake, raced: Lake) -> None:
        assert raced.table("t").tag("new") == 3
        assert lake.table("t").tags() == {"new": 3}

    def test_an_earlier_pin_that_was_removed_does_not_help(self, lake: Lake, home: Path) -> None:
        lake.create_table_from("t", turn_of(0), keys=["id"])
        lake.write("t", turn_of(1), mode="upsert")
        lake.table("t").tag("kept", 2)

        def untag() -> None:
            lake.table("t").untag("kept")
            expire(lake, "t")

        with supertable.connect(home=home) as raced:
            store = InterleavedStore(LocalObjectStore(home / "storage"), registering, untag)
            raced._container.store.override(providers.Object(store))
            with pytest.raises(VersionNotFound):
                raced.clone("t", "c", "kept")
        assert [info.name for info in lake.tables()] == ["t"]

    def test_a_version_with_an_earlier_pin_is_kept(self, lake: Lake, raced: Lake) -> None:
        lake.table("t").tag("kept", 2)
        assert raced.clone("t", "c", "kept").info().rows == 20


def registering(step: str) -> bool:
    return step.startswith("put_if_absent") and "/catalog/" in step


def expire(lake: Lake, name: str) -> None:
    """Commits what a vacuum without retention commits first."""
    table = lake._container.tables().open(lake._namespace, name, Permission.META)
    change = Change(Operation.VACUUM, oldest=table.snapshot.version)
    lake._container.committer().commit(table, lambda newest: change, CommitInfo())


def test_a_drop_between_check_and_commit_counts_as_after_the_write(lake: Lake, home: Path) -> None:
    """The only such window: the write started before the drop, and is in the table after an undrop."""
    lake.create_table("t", SCHEMA)
    with supertable.connect(home=home) as late:
        store = InterleavedStore(
            LocalObjectStore(home / "storage"),
            lambda step: step.startswith("put_if_absent") and "/tables/" in step,
            lambda: lake.drop("t"),
        )
        late._container.store.override(providers.Object(store))
        assert late.write("t", turn_of(1)).version == 2
    assert lake.undrop("t").info().rows == 20
