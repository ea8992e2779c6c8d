"""After a vacuum, no object of the store and no value of the catalog holds a row that no kept version has."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from dependency_injector import providers

import supertable
from supertable.adapters.object_stores.local.local_store import LocalObjectStore
from supertable.application.ports.engines.running_queries import Limits
from supertable.domain.access.roles import Permission
from supertable.domain.errors import VersionNotFound
from supertable.entrypoints.sdk.lakes.lake import Lake
from tests.support.budgets import todays
from tests.support.faulty_lake import acted_with_fault
from tests.support.faulty_store import Fault, FaultyStore
from tests.support.stored_values import places_of

SCHEMA = pa.schema([("k", pa.int64()), ("v", pa.string())])
SECRET = "xyzzy-secret"


def table(*rows: tuple[int, str]) -> pa.Table:
    return pa.table([list(column) for column in zip(*rows, strict=True)], schema=SCHEMA)


@pytest.fixture
def lake(home: Path) -> Iterator[Lake]:
    with supertable.connect(home=home) as lake:
        yield lake


def rows(lake: Lake, sql: str = "FROM t ORDER BY ALL") -> list[tuple[Any, ...]]:
    found = lake.sql(sql).arrow()
    return list(zip(*(column.to_pylist() for column in found.columns), strict=True))


def with_secret(home: Path) -> list[str]:
    return places_of(home, SECRET)


REMOVALS: dict[str, Callable[[Lake, str], object]] = {
    "deleted": lambda lake, name: lake.delete(name, where="k = 2"),
    "deleted_by_keys": lambda lake, name: lake.delete(name, keys=pa.table({"k": [2]})),
    "upserted": lambda lake, name: lake.write(name, table((2, "new")), mode="upsert"),
    "updated": lambda lake, name: lake.sql(f"UPDATE {name} SET v = 'new' WHERE k = 2"),
    "merged": lambda lake, name: lake.sql(
        f"MERGE INTO {name} t USING (VALUES (2)) s(k) ON t.k = s.k WHEN MATCHED THEN UPDATE SET v = 'new'"
    ),
    "overwritten": lambda lake, name: lake.write(name, table((1, "a")), mode="overwrite"),
    "truncated": lambda lake, name: lake.sql(f"TRUNCATE {name}"),
    "restored": lambda lake, name: lake.table(name).restore(2),
    "compacted": lambda lake, name: (lake.delete(name, where="k = 2"), lake.table(name).compact(everything=True)),
    "dropped_column": lambda lake, name: (
        lake.table(name).drop_column("v"),
        lake.table(name).compact(everything=True),
    ),
}


def test_the_search_finds_what_is_there(lake: Lake, home: Path) -> None:
    for shift in range(6):
        lake.write("t", table((shift, "y" * shift + SECRET), (9, "z" * shift)))
        assert places_of(home, f"{'y' * shift}{SECRET}") != []
    found = with_secret(home)
    assert len([name for name in found if "/log/" in name]) == 6
    assert any(name.startswith("catalog/catalog.sqlite") for name in found)
    assert any("/tables/" in name and name.startswith("default/") for name in found)


@pytest.mark.parametrize("inline", ["100", "0"], ids=["inline", "files"])
def test_removed_rows_leave_the_storage(home: Path, monkeypatch: pytest.MonkeyPatch, inline: str) -> None:
    monkeypatch.setenv("SUPERTABLE_INLINE_ROWS", inline)
    with supertable.connect(home=home) as lake:
        expected = {}
        for name, remove in REMOVALS.items():
            lake.create_table(name, SCHEMA, keys=["k"])
            for k, v in ((1, "a"), (2, SECRET), (3, "c")):
                lake.write(name, table((k, v)))
            remove(lake, name)
            expected[name] = rows(lake, f"FROM {name} ORDER BY ALL")
        planned = {each.table: each for each in lake.vacuum(0, grace=0, dry_run=True).tables}
        done = {each.table: each for each in lake.vacuum(0, grace=0).tables}
        for name, result in done.items():
            assert (planned[name].removed, planned[name].emptied) == (result.removed, result.emptied)
            assert any(each.key.endswith("/log/00000000000000000003") for each in result.emptied), name
        assert with_secret(home) == []
        assert {name: rows(lake, f"FROM {name} ORDER BY ALL") for name in REMOVALS} == expected
    assert with_secret(home) == []
    with supertable.connect(home=home) as lake:
        assert {name: rows(lake, f"FROM {name} ORDER BY ALL") for name in REMOVALS} == expected
        assert lake.fsck().findings == ()
        for again in lake.vacuum(0, grace=0).tables:
            assert (again.removed, again.emptied, again.version) == ((), (), done[again.table].version)
        lake._container.rebuild_catalog()(lake._namespace.session)
        assert {name: rows(lake, f"FROM {name} ORDER BY ALL") for name in REMOVALS} == expected
    assert with_secret(home) == []


def test_a_result_says_what_was_taken_out(lake: Lake) -> None:
    lake.create_table("t", SCHEMA, keys=["k"])
    lake.write("t", table((1, SECRET)))
    size = lake.table("t").info().bytes
    lake.write("t", table((1, "b")), mode="upsert")
    result = lake.table("t").vacuum(0)
    (emptied,) = result.emptied
    assert emptied.key.endswith("/log/00000000000000000002")
    assert emptied.bytes == result.bytes_removed == size
    assert emptied.reason == "rows or column ranges in version 2; oldest kept version is 3, and no kept one has them"
    assert (result.removed, result.oldest, result.version) == ((), 3, 4)
    history = lake.table("t").history()
    assert [(each.version, each.operation) for each in history][::-1] == [
        (1, "create"),
        (2, "append"),
        (3, "upsert"),
        (4, "vacuum"),
    ]
    with pytest.raises(VersionNotFound):
        rows(lake, "FROM t AT (VERSION => 2)")
    with pytest.raises(VersionNotFound):
        lake.changes("t", 1, 4)


def test_versions_that_tags_and_clones_need_keep_their_rows(lake: Lake, home: Path) -> None:
    lake.create_table("t", SCHEMA, keys=["k"])
    lake.write("t", table((1, SECRET)))
    lake.table("t").tag("keep")
    lake.write("t", table((1, "b")), mode="upsert")
    lake.clone("t", "copy")
    lake.write("t", table((1, "c")), mode="upsert")
    assert lake.table("t").vacuum(0).emptied == ()
    with supertable.connect(home=home) as other:
        assert rows(other, "FROM t AT (VERSION => 'keep')") == [(1, SECRET)]
        assert other.fsck().findings == ()
    lake.table("t").untag("keep")
    assert len(lake.table("t").vacuum(0).emptied) == 1
    assert with_secret(home) == []
    with supertable.connect(home=home) as other:
        assert rows(other, "FROM copy") == [(1, "b")]
        assert rows(other, "FROM t") == [(1, "c")]
        other.write("copy", table((1, "d")), mode="upsert")
        other.drop("t")
        other.vacuum(0, grace=0)
        assert rows(other, "FROM copy") == [(1, "d")]
        assert other.fsck().findings == ()


def test_a_clone_loses_its_own_copy_of_a_row(lake: Lake, home: Path) -> None:
    lake.create_table("t", SCHEMA, keys=["k"])
    for k, v in ((1, "a"), (2, SECRET), (3, "c")):
        lake.write("t", table((k, v)))
    lake.clone("t", "copy")
    lake.delete("copy", where="k = 2")
    lake.table("copy").vacuum(0)
    lake.delete("t", where="k = 2")
    lake.vacuum(0)
    assert len([name for name in with_secret(home) if "/log/" in name]) == 1  # the clone pins the version of the origin
    lake.drop("copy")
    lake.vacuum(0)
    lake.vacuum(0)
    assert with_secret(home) == []
    assert rows(lake) == [(1, "a"), (3, "c")]


def test_rows_that_a_query_reads_stay_until_it_ends(lake: Lake, home: Path) -> None:
    lake.create_table("t", SCHEMA, keys=["k"])
    lake.write("t", table((1, SECRET)))
    use_case = lake._container.run_query()
    query = use_case.prepare(lake._namespace, "SELECT v FROM t")
    lake.write("t", table((1, "b")), mode="upsert")
    result = lake.table("t").vacuum(0)
    assert (result.emptied, result.oldest) == ((), 3)
    assert result.bytes_in_use > 0
    assert use_case.run(query, (), Limits()).reader.read_all().to_pylist() == [{"v": SECRET}]
    assert len(lake.table("t").vacuum(0).emptied) == 1
    assert with_secret(home) == []


def test_a_checkpoint_with_removed_rows_gives_way_to_one_without(lake: Lake, home: Path) -> None:
    lake.create_table("t", SCHEMA, keys=["k"])
    lake.write("t", table((0, SECRET)))
    for n in range(70):
        lake.write("t", table((n, f"{n}")), mode="upsert")
    lake.table("t").tag("pinned", 71)
    lake.delete("t", where="k = 5")
    assert rows(lake, "SELECT count(*), sum(k) FROM t") == [(69, 2410)]
    lake.table("t").vacuum(0)
    names = [path.name[-3:] for path in sorted(home.rglob("tables/*/checkpoints/*"))]
    assert names == ["064"]  # the secret left before it, and the tag needs all that it has
    lake.table("t").untag("pinned")
    lake.table("t").vacuum(0)
    assert [path.name[-3:] for path in sorted(home.rglob("tables/*/checkpoints/*"))] == ["074"]
    assert with_secret(home) == []
    with supertable.connect(home=home) as other:
        assert rows(other, "SELECT count(*), sum(k) FROM t") == [(69, 2410)]
        assert other.fsck().findings == ()
        assert rows(other, "SELECT count(*) FROM t AT (VERSION => 74)") == [(69,)]


def test_each_record_is_read_once_by_all_vacuums_and_again_when_values_go(lake: Lake, home: Path) -> None:
    lake.create_table("t", SCHEMA, keys=["k"])
    for n in range(30):
        lake.write("t", table((n, "x")))
    lake.write("t", table((0, "y")), mode="upsert")
    lake.table("t").vacuum(0)
    lake.table("t").vacuum(0)
    store = FaultyStore(LocalObjectStore(home / "storage"))
    with supertable.connect(home=home) as other:
        other._container.store.override(providers.Object(store))
        other.table("t").info()
        before = len(store.calls)
        other.table("t").vacuum(0)
        read = {call.rsplit("/", 1)[1] for call in store.calls[before:] if call.startswith("read") and "/log/" in call}
    assert len(read) <= 3


@pytest.mark.parametrize("fault", [Fault.CRASH])
def test_the_next_vacuum_finishes_after_a_fault_at_any_step(home: Path, tmp_path: Path, fault: Fault) -> None:
    with supertable.connect(home=home) as lake:
        lake.create_table("t", SCHEMA, keys=["k"])
        lake.write("t", table((1, SECRET)))
        lake.write("t", table((2, SECRET)))
        folder = lake._container.tables().open(lake._namespace, "t", Permission.META).folder
        lake._container.snapshots().write_checkpoint(folder, 3)
        lake.write("t", table((2, "b")), mode="upsert")
        lake.table("t").tag("x")
        lake.write("t", table((1, "c")), mode="upsert")
        expected = rows(lake)
    for at in todays(range(1, 200), f"vacuum of records {fault}"):
        place = tmp_path / str(at)
        shutil.copytree(home, place)
        store = acted_with_fault(place, fault, at, lambda lake: lake.table("t").vacuum(0))
        with supertable.connect(home=place) as lake:
            assert rows(lake) == expected, store.calls[at - 1]
            assert rows(lake, "FROM t AT (VERSION => 'x') ORDER BY k") == [(1, SECRET), (2, "b")]
            assert lake.fsck().sound, store.calls[at - 1]
            lake.table("t").untag("x")
            lake.table("t").vacuum(0)
            assert rows(lake) == expected
            assert lake.fsck().findings == ()
        assert with_secret(place) == []
        shutil.rmtree(place)
        if not store.met:
            assert at > 10
            return
    pytest.fail("a fault was still met after 200 steps")
