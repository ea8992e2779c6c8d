"""Compaction during other commits: no row is lost, duplicated, revived or changed."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from dependency_injector import providers

import supertable
from supertable.adapters.locks.memory import InMemoryLocks
from supertable.adapters.object_stores.local.local_store import LocalObjectStore
from supertable.domain.access.roles import Permission
from supertable.domain.errors import InvalidSchema, ObjectDamaged
from supertable.entrypoints.sdk.lakes.lake import Lake
from tests.e2e.lakes.test_types import SUPPORTED
from tests.support.budgets import todays
from tests.support.faulty_lake import acted_with_fault
from tests.support.faulty_store import Fault
from tests.support.interleaved_store import InterleavedStore

SCHEMA = pa.schema([("id", pa.int32()), ("v", pa.string())])
Rows = list[tuple[Any, ...]]


def table(rows: dict[int, str | None]) -> pa.Table:
    return pa.table([list(rows), list(rows.values())], schema=SCHEMA)


def rows(lake: Lake, source: str = "t") -> Rows:
    found = lake.sql(f"SELECT * FROM {source} ORDER BY id").arrow()
    return list(zip(*(column.to_pylist() for column in found.columns), strict=True))


def versions(lake: Lake) -> dict[int, Rows]:
    return {n: rows(lake, f"t AT (VERSION => {n})") for n in range(1, lake.table("t").info().version + 1)}


def fill(lake: Lake) -> None:
    """Five small files, two of them dirty, with values that are not in order."""
    chance = random.Random(7)
    lake.create_table("t", SCHEMA, keys=["id"])
    for start in range(0, 500, 100):
        lake.write("t", table({i: f"{chance.random():.5f}" for i in range(start, start + 100)}))
    lake.write("t", table({i: None if i % 40 == 0 else f"new {i}" for i in range(0, 200, 20)}), mode="upsert")
    lake.delete("t", where="id % 7 = 3 AND id < 300")


@pytest.fixture
def other(home: Path) -> Iterator[Lake]:
    """A lake with the table. Its locks are in memory, so they block no other lake."""
    with supertable.connect(home=home) as lake:
        lake._container.locks.override(providers.Object(InMemoryLocks()))
        fill(lake)
        yield lake


def test_many_files_become_one_clean_file_with_the_same_rows(other: Lake) -> None:
    before = versions(other)
    result = other.table("t").compact()
    info = other.table("t").info()
    assert (info.files, info.dead_rows, info.rows) == (1, 0, len(rows(other)))
    assert (result.commits, result.files_after, result.rows) == (1, 1, info.rows)
    assert result.rows_dropped == 500 + 10 - result.rows
    after = versions(other)
    assert after == before | {result.version: before[result.version - 1]}
    entry = other.table("t").history(1)[0]
    assert (entry.operation, entry.rows_inserted, entry.rows_updated, entry.rows_deleted) == ("compact", 0, 0, 0)


def test_a_compact_table_is_not_rewritten(other: Lake) -> None:
    other.table("t").compact()
    assert other.table("t").compact().commits == 0
    other.create_table("empty", SCHEMA)
    assert other.table("empty").compact().version == 1


def test_rows_are_sorted_nulls_last(other: Lake) -> None:
    other.table("t").compact(["v"])
    values = other.sql("SELECT v FROM t").arrow()["v"].to_pylist()
    assert values == sorted(filter(None, values)) + [None] * values.count(None)
    assert None in values
    with pytest.raises(InvalidSchema, match="nope"):
        other.table("t").compact(["nope"])


def test_rows_of_a_table_with_keys_are_sorted_by_them_unless_its_policy_says_otherwise(home: Path) -> None:
    with supertable.connect(home) as lake:
        lake.write("k", [{"id": 3, "v": 1}, {"id": 1, "v": 3}], mode="upsert", keys="id")
        lake.write("k", [{"id": 2, "v": 2}, {"id": 0, "v": 9}], mode="upsert")
        compacted = lake.table("k")
        compacted.compact()
        assert lake.sql("SELECT id FROM k").arrow()["id"].to_pylist() == [0, 1, 2, 3]
        compacted.set_maintenance(sort_by="v")
        compacted.compact(everything=True)
        assert lake.sql("SELECT id FROM k").arrow()["id"].to_pylist() == [3, 2, 1, 0]


def test_every_file_is_rewritten_on_request(other: Lake) -> None:
    other.table("t").compact()
    assert other.table("t").compact("v", everything=True).commits == 1
    assert rows(other)[0][1] is None


def test_a_table_without_a_live_row_gets_no_file(other: Lake) -> None:
    other.delete("t", where="id < 499")
    other.write("t", table({1000: "x"}))
    other.delete("t", where="id >= 499")
    other.table("t").compact(everything=True)
    assert other.table("t").info().files == 0
    assert rows(other) == []


def upsert(lake: Lake) -> None:
    lake.write("t", table(dict.fromkeys((*range(0, 60, 3), 1000), "later")), mode="upsert")


def delete_keys(lake: Lake) -> None:
    lake.delete("t", keys=pa.table({"id": pa.array([1, 2, 499], pa.int32())}))


def delete_all(lake: Lake) -> None:
    lake.delete("t", where="true")


def delete_all_but_one(lake: Lake) -> None:
    lake.delete("t", where="id <> 1")


def overwrite(lake: Lake) -> None:
    lake.write("t", table({5: "only"}), mode="overwrite")


def restore(lake: Lake) -> None:
    lake.table("t").restore(6)  # keeps the files, revives their dead rows


def restore_and_delete_more(lake: Lake) -> None:
    lake.table("t").restore(6)
    lake.delete("t", where="id % 3 = 0")


def compact(lake: Lake) -> None:
    lake.table("t").compact(["id"])


def change_columns(lake: Lake) -> None:
    upsert(lake)
    lake.table("t").widen_column("id", pa.int64())
    lake.table("t").rename_column("v", "w")
    lake.table("t").add_column("v", pa.string())
    lake.delete("t", where="w LIKE '0.1%'")


ACTS: dict[Callable[[Lake], None], bool] = {
    upsert: True,
    delete_keys: True,
    delete_all: False,  # removes the files
    delete_all_but_one: False,
    overwrite: False,
    restore: False,
    restore_and_delete_more: False,
    compact: False,
    change_columns: True,
}
MOMENTS = {
    "while rows are read": lambda call: call.startswith("open_writer") and "/data/" in call,
    "at the commit": lambda call: call.startswith("put_if_absent") and "/log/" in call,
}


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("sort_by", [None, ["v"]], ids=["unsorted", "sorted"])
@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.__name__)
def test_a_commit_during_a_compaction(
    home: Path, other: Lake, act: Callable[[Lake], None], sort_by: list[str] | None, moment: str
) -> None:
    expected: dict[int, Rows] = {}

    def interfere() -> None:
        act(other)
        expected.update(versions(other))

    with supertable.connect(home=home) as lake:
        store = InterleavedStore(LocalObjectStore(home / "storage"), MOMENTS[moment], interfere)
        lake._container.store.override(providers.Object(store))
        result = lake.table("t").compact(sort_by)
    assert store.acted
    after = versions(other)
    if ACTS[act]:
        assert (result.commits, result.given_up) == (1, 0)
        newest = max(expected)
        assert after == expected | {newest + 1: expected[newest]}
    else:
        assert (result.commits, result.given_up) == (0, 1)
        assert after == expected
    ids = [row[0] for row in rows(other)]
    assert len(ids) == len(set(ids))


@pytest.mark.usefixtures("as_files")
def test_an_obsolete_job_leaves_no_file(home: Path, other: Lake) -> None:
    with supertable.connect(home=home) as lake:
        moment = MOMENTS["while rows are read"]
        store = InterleavedStore(LocalObjectStore(home / "storage"), moment, lambda: overwrite(other))
        lake._container.store.override(providers.Object(store))
        lake.table("t").compact()
    written = {path.name for path in home.rglob("*.parquet")}
    known = {Path(file.path).name for file in _files_of_all_versions(other)}
    assert written == known


def _files_of_all_versions(lake: Lake) -> Iterator[Any]:
    tables = lake._container.tables()
    newest = tables.open(lake._namespace, "t", Permission.META)
    for version in range(1, newest.snapshot.version + 1):
        yield from tables.at_version(newest, version).snapshot.files.values()


@pytest.mark.parametrize("sort_by", [[], ["n"]], ids=["unsorted", "sorted"])
def test_values_of_every_type_are_unchanged(home: Path, sort_by: list[str]) -> None:
    """A column for each type, of which the last row is null, and a file for each row."""
    count = 1 + max(len(values) for _, values in SUPPORTED)
    columns = [pa.array([*values, *[None] * (count - len(values))], kind) for kind, values in SUPPORTED]
    given = pa.table([range(count), *columns], ["n", *(f"x{number}" for number in range(len(columns)))])
    with supertable.connect(home=home) as lake:
        lake.create_table("x", given.schema)
        for start in range(given.num_rows):
            lake.write("x", given.slice(start, 1))
        before = lake.sql("SELECT * FROM x ORDER BY n").arrow()
        assert before.num_rows == count
        assert lake.table("x").compact(sort_by).files_after == 1
        assert lake.sql("SELECT * FROM x ORDER BY n").arrow().equals(before)


def test_jobs_are_bounded_and_each_makes_a_version(other: Lake) -> None:
    other.create_table("wide", pa.schema([("n", pa.int64()), ("s", pa.string())]))
    chance = random.Random(3)
    for _ in range(40):
        texts = [f"{chance.getrandbits(400):x}" for _ in range(30)]
        other.write("wide", pa.table({"n": range(30), "s": texts}))
    other.table("wide").set_maintenance(target_file_bytes=10_000)
    before = other.sql("SELECT * FROM wide ORDER BY ALL").arrow()
    result = other.table("wide").compact(["s"])
    assert result.commits > 1
    assert result.files_after < result.files_before
    assert other.sql("SELECT * FROM wide ORDER BY ALL").arrow() == before


@pytest.mark.usefixtures("as_files")
def test_a_damaged_source_is_named_and_nothing_changes(home: Path, other: Lake) -> None:
    newest = other._container.tables().open(other._namespace, "t", Permission.META)
    source = next(iter(newest.snapshot.files.values()))
    path = home / "storage" / source.key(newest.folder)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(ObjectDamaged) as caught:
        other.table("t").compact()
    assert caught.value.key == source.key(newest.folder)
    assert other.table("t").info().version == newest.snapshot.version


@pytest.mark.parametrize("fault", list(Fault))
def test_a_fault_at_any_step(home: Path, tmp_path: Path, fault: Fault) -> None:
    with supertable.connect(home=home) as lake:
        fill(lake)
        expected = rows(lake)
    for at in todays(range(1, 100), f"compaction {fault}"):
        place = tmp_path / str(at)
        shutil.copytree(home, place)
        store = acted_with_fault(place, fault, at, lambda lake: lake.table("t").compact(["v"]))
        with supertable.connect(home=place) as lake:
            assert rows(lake) == expected, store.calls[at - 1]
            upsert(lake)
            lake.table("t").compact()
            assert lake.table("t").info().files == 1
            assert rows(lake, "t AT (VERSION => 8)") == expected
        shutil.rmtree(place)
        if not store.met:
            assert at > 5
            return
    pytest.fail("a fault was still met after 100 steps")
