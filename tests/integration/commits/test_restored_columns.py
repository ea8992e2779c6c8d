"""A restore that undoes changes of columns, between a write's preparation and its commit.

The write either fits the restored columns exactly or is refused. Expected rows are literals, as if the write had come
after the restore.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from dependency_injector import providers

import supertable
from supertable.adapters.locks.memory import InMemoryLocks
from supertable.adapters.object_stores.local.local_store import LocalObjectStore
from supertable.application.storage.inline_rows import decoded_rows
from supertable.application.writes.write_modes import ModeName
from supertable.domain.access.roles import Permission
from supertable.domain.errors import IncompatibleSchema, InvalidSchema, SupertableError
from supertable.domain.schema.types import widened
from supertable.entrypoints.sdk.lakes.lake import Lake
from supertable.entrypoints.sdk.tables.table import Table
from tests.support.interleaved_store import InterleavedStore

BEFORE = pa.schema(
    [
        ("id", pa.int32()),
        ("n", pa.int32()),
        ("d", pa.decimal128(10, 2)),
        ("at", pa.timestamp("ms")),
        ("name", pa.string()),
    ]
)
AFTER = pa.schema(
    [
        ("id", pa.int64()),
        ("n", pa.int64()),
        ("d", pa.decimal128(20, 4)),
        ("at", pa.timestamp("us")),
        ("title", pa.string()),
        ("extra", pa.int32()),
    ]
)
NOON = dt.datetime(2024, 5, 1, 12)
FIRST = {"id": 1, "n": 10, "d": Decimal("1.25"), "at": NOON, "name": "one"}
EXACT = {"id": 2**33, "n": 2**40, "d": Decimal("1.2345"), "at": NOON.replace(microsecond=1), "title": "x", "extra": 7}


def change_columns(table: Table) -> None:
    """Versions 3 to 8."""
    table.widen_column("id", pa.int64())
    table.widen_column("n", pa.int64())
    table.widen_column("d", pa.decimal128(20, 4))
    table.widen_column("at", pa.timestamp("us"))
    table.rename_column("name", "title")
    table.add_column("extra", pa.int32())


@pytest.fixture
def lake(home: Path) -> Any:
    with supertable.connect(home=home) as lake:
        lake.create_table("t", BEFORE, keys=["id"])
        lake.write("t", pa.Table.from_pylist([FIRST], BEFORE))
        change_columns(lake.table("t"))
        yield lake


def commit_after(home: Path, interfere: Callable[[Lake], Any], write: Callable[[Lake], Any]) -> Any:
    """Runs `write`, and `interfere` right before its commit. Returns the error, if any."""

    def act() -> None:
        with supertable.connect(home=home) as other:
            other._container.locks.override(providers.Object(InMemoryLocks()))
            interfere(other)

    store = InterleavedStore(
        LocalObjectStore(home / "storage"), lambda call: call.startswith("put_if_absent") and "/log/" in call, act
    )
    with supertable.connect(home=home) as lake:
        lake._container.store.override(providers.Object(store))
        try:
            write(lake)
        except SupertableError as error:
            return error
        finally:
            assert store.acted
    return None


def restored(lake: Lake) -> Any:
    lake.table("t").restore(2)


def rows(lake: Lake) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = lake.sql("SELECT * FROM t ORDER BY id").arrow().to_pylist()
    return found


def check_files_fit(lake: Lake, home: Path) -> None:
    """The types in every data file are those of its recorded schema, and the newest columns hold all their values."""
    table = lake._container.tables().open(lake.table("t")._namespace, "t", Permission.READ)
    snapshot = table.snapshot
    for file in snapshot.files.values():
        written = snapshot.schemas[file.schema_id]
        path = home / "storage" / file.key(table.folder)
        names = pq.read_schema(path).names if file.stored else decoded_rows(file.path, file).column_names
        assert names == written.names
        for field in snapshot.schema.fields:
            before = written.by_id(field.id)
            assert before is None or widened(before.type, field.type) == field.type


def writes(columns: pa.Schema, row: dict[str, Any], mode: ModeName, evolve: bool = False) -> Callable[[Lake], Any]:
    data = pa.Table.from_pylist([row], pa.schema([columns.field(name) for name in row]))
    return lambda lake: lake.write("t", data, mode=mode, evolve=evolve)


@pytest.mark.parametrize("mode", ["append", "upsert", "overwrite"])
@pytest.mark.parametrize("column", ["n", "d", "at", "title", "extra", "id"])
def test_a_value_that_the_restored_columns_cannot_hold_is_refused(
    lake: Lake, home: Path, mode: ModeName, column: str
) -> None:
    row = {"id": EXACT["id"] if column == "id" else 5}
    schema = pa.schema([AFTER.field(name) if name == column else BEFORE.field(name) for name in ("id",)])
    if column != "id":
        row[column] = EXACT[column]
        schema = schema.append(AFTER.field(column))
    error = commit_after(home, restored, writes(schema, row, mode))
    assert isinstance(error, IncompatibleSchema | InvalidSchema), error
    assert f"Column '{column}'" in str(error)
    assert lake.table("t").schema.names == BEFORE.names
    assert rows(lake) == [FIRST]
    check_files_fit(lake, home)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("append", [FIRST, {"id": 5, "n": 50, "d": Decimal("2.50"), "at": NOON, "name": None}]),
        ("upsert", [FIRST, {"id": 5, "n": 50, "d": Decimal("2.50"), "at": NOON, "name": None}]),
        ("overwrite", [{"id": 5, "n": 50, "d": Decimal("2.50"), "at": NOON, "name": None}]),
    ],
)
def test_a_value_that_fits_is_written_with_the_restored_types(
    lake: Lake, home: Path, mode: ModeName, expected: list[dict[str, Any]]
) -> None:
    row = {"id": 5, "n": 50, "d": Decimal("2.50"), "at": NOON}
    assert commit_after(home, restored, writes(BEFORE, row, mode)) is None
    assert lake.table("t").schema.types == BEFORE.types
    assert rows(lake) == expected
    check_files_fit(lake, home)


def test_an_upsert_without_some_columns_completes_the_restored_row(lake: Lake, home: Path) -> None:
    assert commit_after(home, restored, writes(BEFORE, {"id": 1, "n": 50}, "upsert")) is None
    assert rows(lake) == [{**FIRST, "n": 50}]
    check_files_fit(lake, home)


@pytest.mark.parametrize("mode", ["append", "upsert", "overwrite"])
def test_a_write_that_evolves_columns_evolves_the_restored_ones(lake: Lake, home: Path, mode: ModeName) -> None:
    row = {"id": 5, "n": 2**40, "d": Decimal("1.2345"), "extra": 7}
    assert commit_after(home, restored, writes(AFTER, row, mode, evolve=True)) is None
    kept = [] if mode == "overwrite" else [{**FIRST, "d": Decimal("1.2500"), "extra": None}]
    assert rows(lake) == [*kept, {"id": 5, "n": 2**40, "d": Decimal("1.2345"), "at": None, "name": None, "extra": 7}]
    check_files_fit(lake, home)


def test_a_column_added_by_another_write_does_not_get_the_values(lake: Lake, home: Path) -> None:
    """Both columns would get the same field id."""
    other = writes(pa.schema([("id", pa.int32()), ("mine", pa.int32())]), {"id": 9, "mine": 90}, "append", evolve=True)
    late = pa.schema([("id", pa.int32()), ("theirs", pa.int32())])
    assert commit_after(home, other, writes(late, {"id": 1, "theirs": 70}, "upsert", evolve=True)) is None
    assert lake.sql("SELECT id, mine, theirs FROM t ORDER BY id").arrow().to_pylist() == [
        {"id": 1, "mine": None, "theirs": 70},
        {"id": 9, "mine": 90, "theirs": None},
    ]


@pytest.mark.parametrize(
    ("delete", "left"),
    [
        (lambda lake: lake.delete("t", keys=pa.table({"id": pa.array([1], pa.int64())})), []),
        (lambda lake: lake.delete("t", where="d = 1.25 AND n > 9"), []),
        (lambda lake: lake.delete("t", where="d = 1.2501"), [FIRST]),
    ],
    ids=["keys", "where", "where not"],
)
def test_a_delete_finds_the_restored_rows(
    lake: Lake, home: Path, delete: Callable[[Lake], Any], left: list[dict[str, Any]]
) -> None:
    assert commit_after(home, restored, delete) is None
    assert rows(lake) == left
    check_files_fit(lake, home)


def test_a_delete_by_a_renamed_column_is_refused(lake: Lake, home: Path) -> None:
    error = commit_after(home, restored, lambda other: other.delete("t", where="title = 'one'"))
    assert "title" in str(error)
    assert rows(lake) == [FIRST]


def test_a_compaction_is_given_up(lake: Lake, home: Path) -> None:
    done: list[Any] = []
    assert commit_after(home, restored, lambda other: done.append(other.table("t").compact(everything=True))) is None
    assert (done[0].commits, done[0].given_up) == (0, 1)
    assert rows(lake) == [FIRST]
    check_files_fit(lake, home)


def test_a_restore_undoes_a_write_that_comes_first(lake: Lake, home: Path) -> None:
    wide = writes(AFTER, EXACT, "append")
    assert commit_after(home, wide, restored) is None
    assert lake.table("t").schema.types == BEFORE.types
    assert rows(lake) == [FIRST]
    check_files_fit(lake, home)


def test_an_upsert_finds_its_row_although_the_key_was_widened(home: Path) -> None:
    narrow = pa.schema([("at", pa.timestamp("ms")), ("n", pa.int32())])
    with supertable.connect(home=home) as lake:
        lake.create_table("t", narrow, keys=["at"])
        lake.write("t", pa.Table.from_pylist([{"at": NOON, "n": 1}], narrow))

        def widen(other: Lake) -> None:
            other.table("t").widen_column("at", pa.timestamp("us"))

        assert commit_after(home, widen, writes(narrow, {"at": NOON, "n": 2}, "upsert")) is None
        assert lake.sql("SELECT * FROM t").arrow().to_pylist() == [{"at": NOON, "n": 2}]
        keys = pa.table({"at": pa.array([NOON], pa.timestamp("ms"))})

        def widen_again(other: Lake) -> None:
            other.table("t").widen_column("at", pa.timestamp("ns"))

        assert commit_after(home, widen_again, lambda other: other.delete("t", keys=keys)) is None
        assert lake.table("t").info().rows == 0


def test_a_key_that_the_widened_column_cannot_hold_is_refused(home: Path) -> None:
    narrow = pa.schema([("moment", pa.timestamp("us")), ("n", pa.int32())])
    far = {"moment": dt.datetime(3000, 1, 1), "n": 2}
    with supertable.connect(home=home) as lake:
        lake.create_table("t", narrow, keys=["moment"])
        lake.write("t", pa.Table.from_pylist([{"moment": NOON, "n": 1}], narrow))

        def widen(other: Lake) -> None:
            other.table("t").widen_column("moment", pa.timestamp("ns"))

        error = commit_after(home, widen, writes(narrow, far, "upsert"))
        assert isinstance(error, InvalidSchema), error
        keys = pa.table({"moment": pa.array([far["moment"]], pa.timestamp("us"))})
        with pytest.raises(InvalidSchema, match="moment"):
            lake.delete("t", keys=keys)
        assert lake.sql("SELECT n FROM t").arrow().to_pylist() == [{"n": 1}]
