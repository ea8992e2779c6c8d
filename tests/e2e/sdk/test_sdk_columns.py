"""Changing columns without rewriting data."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import supertable
from supertable.domain.errors import IncompatibleSchema, InvalidSchema
from supertable.domain.schema.schema_changes import AddColumn, DropColumn, RenameColumn
from supertable.domain.schema.types import DataType
from supertable.entrypoints.sdk.lakes.lake import Lake
from supertable.entrypoints.sdk.tables.table import Table

ADDRESS = pa.struct([("zip", pa.int32()), ("street", pa.string())])
SCHEMA = pa.schema(
    [
        ("id", pa.int32()),
        ("name", pa.string()),
        ("day", pa.date32()),
        ("price", pa.decimal128(5, 2)),
        ("address", ADDRESS),
        ("tags", pa.list_(pa.struct([("t", pa.int32())]))),
    ]
)
ROW = {
    "id": 1,
    "name": "one",
    "day": dt.date(2024, 1, 2),
    "price": Decimal("1.50"),
    "address": {"zip": 80331, "street": "Tal"},
    "tags": [{"t": 1}, None],
}


@pytest.fixture
def lake(home: Path) -> Iterator[Lake]:
    with supertable.connect(home=home) as lake:
        lake.create_table("t", SCHEMA, keys=["id"])
        lake.write("t", pa.Table.from_pylist([ROW], SCHEMA))
        yield lake


@pytest.fixture
def table(lake: Lake) -> Table:
    return lake.table("t")


def rows(lake: Lake, sql: str = "SELECT * FROM t ORDER BY id") -> list[dict[str, Any]]:
    return lake.sql(sql).arrow().to_pylist()


def test_an_added_column_is_null_until_it_is_written(lake: Lake, table: Table) -> None:
    table.add_column("note", pa.string(), comment="free text")
    assert rows(lake) == [{**ROW, "note": None}]
    lake.write("t", pa.Table.from_pylist([{**ROW, "id": 2, "note": "n"}], table.schema))
    assert [row["note"] for row in rows(lake)] == [None, "n"]
    assert table.columns()[-1].comment == "free text"
    assert rows(lake, "SELECT * FROM t WHERE note = 'n'")[0]["id"] == 2


def test_dropping_and_adding_again_never_revives_old_values(lake: Lake, table: Table) -> None:
    table.drop_column("name")
    assert "name" not in rows(lake)[0]
    table.add_column("name", pa.string())
    assert rows(lake)[0]["name"] is None
    assert rows(lake, "SELECT name FROM t AT (VERSION => 2)") == [{"name": "one"}]
    table.restore(2)
    assert rows(lake) == [ROW]


def test_renamed_columns_keep_their_values_and_pruning(lake: Lake, table: Table) -> None:
    table.rename_column("name", "title")
    table.rename_column("id", "number")
    assert rows(lake, "SELECT number, title FROM t WHERE number = 1") == [{"number": 1, "title": "one"}]
    table.rename_column("title", "number_2")
    table.rename_column("number", "title")
    assert rows(lake, "SELECT title, number_2 FROM t") == [{"title": 1, "number_2": "one"}]
    renamed = {
        "title" if name == "id" else "number_2" if name == "name" else name: value for name, value in ROW.items()
    }
    result = lake.write("t", pa.Table.from_pylist([renamed | {"number_2": "uno"}], table.schema), mode="upsert")
    assert (result.rows_updated, rows(lake, "SELECT number_2 FROM t")) == (1, [{"number_2": "uno"}])
    assert lake.delete("t", keys=pa.table({"title": [1]})).rows_deleted == 1


def test_columns_move(lake: Lake, table: Table) -> None:
    table.move_column("price")
    table.move_column("name", after="address")
    assert list(rows(lake)[0]) == ["price", "id", "day", "address", "name", "tags"]
    table.move_column(("address", "street"))
    assert rows(lake)[0]["address"] == {"street": "Tal", "zip": 80331}


@pytest.mark.parametrize(
    ("path", "kind", "value"),
    [
        ("id", pa.int64(), 1),
        ("day", pa.timestamp("us"), dt.datetime(2024, 1, 2)),
        ("price", pa.decimal128(12, 4), Decimal("1.5000")),
        (("address", "zip"), pa.int64(), {"zip": 80331, "street": "Tal"}),
        (("tags", "element", "t"), pa.int64(), [{"t": 1}, None]),
    ],
)
def test_widening_keeps_values_old_versions_and_pruning(
    lake: Lake, table: Table, path: Any, kind: Any, value: Any
) -> None:
    table.widen_column(path, kind)
    name = path if isinstance(path, str) else path[0]
    assert rows(lake)[0][name] == value
    assert rows(lake, "SELECT * FROM t AT (VERSION => 2)") == [ROW]
    if isinstance(path, str):
        found = lake.sql(f"SELECT id FROM t WHERE {path} = ?", [value]).arrow()
        assert found.num_rows == 1


def test_nested_fields_change_like_columns(lake: Lake, table: Table) -> None:
    table.add_column(("address", "city"), pa.string())
    table.rename_column(("address", "street"), "road")
    table.drop_column(("address", "zip"))
    table.add_column(("address", "zip"), pa.string())
    table.add_column(("tags", "element", "u"), pa.bool_())
    assert rows(lake)[0]["address"] == {"road": "Tal", "city": None, "zip": None}
    assert rows(lake)[0]["tags"] == [{"t": 1, "u": None}, None]
    assert rows(lake, "SELECT address FROM t AT (VERSION => 2)")[0]["address"] == ROW["address"]


def test_nulls_can_be_forbidden_if_there_are_none(lake: Lake, table: Table) -> None:
    table.set_nullable("name", False)
    with pytest.raises(InvalidSchema, match="may not be null"):
        lake.write("t", pa.Table.from_pylist([{**ROW, "name": None}], SCHEMA))
    table.set_nullable("name", True)
    lake.write("t", pa.Table.from_pylist([{**ROW, "id": 2, "name": None}], SCHEMA))
    with pytest.raises(InvalidSchema, match="1 rows have one"):
        table.set_nullable("name", False)
    lake.delete("t", where="name IS NULL")
    table.set_nullable("name", False)
    assert not table.schema.field("name").nullable


def test_a_concurrent_write_fits_the_changed_columns(lake: Lake, table: Table) -> None:
    def batches(change: Callable[[], Any]) -> Iterator[pa.RecordBatch]:
        change()
        yield pa.RecordBatch.from_pylist([{**ROW, "name": "uno"}], SCHEMA)

    reader = pa.RecordBatchReader.from_batches(SCHEMA, batches(lambda: table.rename_column("id", "key")))
    assert lake.write("t", reader, mode="upsert").rows_updated == 1
    assert rows(lake, "SELECT key, name FROM t") == [{"key": 1, "name": "uno"}]
    table.rename_column("key", "id")

    def null_names() -> Iterator[pa.RecordBatch]:
        table.set_nullable("name", False)
        yield pa.RecordBatch.from_pylist([{**ROW, "name": None}], SCHEMA)

    with pytest.raises(InvalidSchema, match="a concurrent commit forbids nulls"):
        lake.write("t", pa.RecordBatchReader.from_batches(SCHEMA, null_names()))
    assert rows(lake, "SELECT name FROM t") == [{"name": "uno"}]


def test_two_writers_may_evolve_at_the_same_time(lake: Lake, table: Table) -> None:
    wider = SCHEMA.append(pa.field("extra", pa.int64()))

    def batches() -> Iterator[pa.RecordBatch]:
        other = pa.Table.from_pylist([{**ROW, "id": 7, "other": "o"}], SCHEMA.append(pa.field("other", pa.string())))
        lake.write("t", other, evolve=True)
        yield pa.RecordBatch.from_pylist([{**ROW, "id": 8, "extra": 5}], wider)

    lake.write("t", pa.RecordBatchReader.from_batches(wider, batches()), evolve=True)
    assert rows(lake, "SELECT id, other, extra FROM t WHERE id > 1 ORDER BY id") == [
        {"id": 7, "other": "o", "extra": None},
        {"id": 8, "other": None, "extra": 5},
    ]


def test_several_changes_are_one_version_or_none(lake: Lake, table: Table) -> None:
    with pytest.raises(InvalidSchema):
        table.alter(RenameColumn(("name",), "title"), DropColumn(("nope",)))
    assert table.info().version == 2
    table.alter(RenameColumn(("name",), "title"), AddColumn(("name",), DataType("int64")))
    assert rows(lake, "SELECT title, name FROM t") == [{"title": "one", "name": None}]
    assert table.history(1)[0].description == "rename name to title; add name int64"


@pytest.mark.parametrize(
    "change",
    [
        lambda table: table.drop_column("id"),
        lambda table: table.drop_column("nope"),
        lambda table: table.drop_column(("address", "nope")),
        lambda table: table.drop_column(("tags", "element")),
        lambda table: table.rename_column(("tags", "element"), "item"),
        lambda table: table.add_column(("tags", "more"), pa.int64()),
        lambda table: table.add_column(("name", "first"), pa.string()),
        lambda table: table.drop_column(("name", "x")),
        lambda table: table.drop_column(("tags", "element", "t")),
        lambda table: table.rename_column("name", "ID"),
        lambda table: table.rename_column("name", ""),
        lambda table: table.rename_column("name", "_version"),
        lambda table: table.add_column("NAME", pa.string()),
        lambda table: table.add_column("x", pa.null()),
        lambda table: table.move_column("name", after="nope"),
        lambda table: table.move_column("name", after="name"),
        lambda table: table.widen_column("id", pa.int16()),
        lambda table: table.widen_column("id", pa.string()),
        lambda table: table.widen_column("address", pa.string()),
        lambda table: table.set_nullable(("address", "zip"), False),
    ],
)
def test_invalid_changes_are_refused_and_change_nothing(table: Table, change: Callable[[Table], Any]) -> None:
    with pytest.raises((InvalidSchema, IncompatibleSchema)):
        change(table)
    assert table.info().version == 2
