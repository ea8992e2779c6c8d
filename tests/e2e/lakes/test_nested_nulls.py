"""Members, elements and map values that forbid nulls: nothing is missing in a null struct, list or map."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import supertable
from supertable.domain.errors import InvalidSchema
from supertable.entrypoints.sdk.lakes.lake import Lake

POINT = pa.struct([pa.field("x", pa.int32(), nullable=False), pa.field("label", pa.string())])
LINE = pa.struct([pa.field("from", POINT, nullable=False), pa.field("to", POINT)])
NUMBERS = pa.list_(pa.field("element", pa.int32(), nullable=False))
SCORES = pa.map_(pa.string(), pa.field("value", pa.int32(), nullable=False))
ONE, TWO = {"x": 1, "label": "one"}, {"x": 2, "label": None}
NO_X = {"x": None, "label": "none"}

GOOD: dict[str, tuple[pa.DataType, list[Any]]] = {
    "struct": (POINT, [ONE, None, TWO]),
    "struct in a struct": (LINE, [{"from": ONE, "to": None}, None, {"from": TWO, "to": ONE}]),
    "struct in a list": (pa.list_(POINT), [[ONE, None], None, []]),
    "struct in a map": (pa.map_(pa.string(), POINT), [[("a", ONE), ("b", None)], None, []]),
    "list": (NUMBERS, [[1, 2], None, []]),
    "map": (SCORES, [[("a", 1)], None, []]),
    "list in a struct": (pa.struct([pa.field("m", NUMBERS, nullable=False)]), [{"m": [1]}, None, {"m": []}]),
    "map in a struct": (pa.struct([pa.field("m", SCORES, nullable=False)]), [{"m": [("a", 1)]}, None, {"m": []}]),
    "list in a list": (pa.list_(NUMBERS), [[[1], None], None, [[]]]),
    "map in a map": (pa.map_(pa.string(), SCORES), [[("a", [("b", 1)]), ("c", None)], None, []]),
    "struct in a list in a struct": (
        pa.struct([("m", pa.list_(LINE))]),
        [{"m": [{"from": ONE, "to": None}, None]}, None],
    ),
}
BAD: dict[str, tuple[pa.DataType, Any, str]] = {
    "struct": (POINT, NO_X, "v.x"),
    "struct in a struct": (LINE, {"from": None, "to": ONE}, "v.from"),
    "member of a struct in a struct": (LINE, {"from": NO_X, "to": ONE}, "v.from.x"),
    "member of a nullable struct in a struct": (LINE, {"from": ONE, "to": NO_X}, "v.to.x"),
    "struct in a list": (pa.list_(POINT), [ONE, NO_X], "v.element.x"),
    "struct in a map": (pa.map_(pa.string(), POINT), [("a", NO_X)], "v.value.x"),
    "list": (NUMBERS, [1, None], "v.element"),
    "map": (SCORES, [("a", None)], "v.value"),
    "list in a struct": (pa.struct([pa.field("m", NUMBERS, nullable=False)]), {"m": None}, "v.m"),
    "map in a map": (pa.map_(pa.string(), SCORES), [("a", [("b", None)])], "v.value.value"),
}


@pytest.fixture
def lake(home: Path) -> Iterator[Lake]:
    with supertable.connect(home=home) as lake:
        yield lake


def values(lake: Lake) -> list[Any]:
    return lake.sql("SELECT v FROM t ORDER BY id").arrow().column("v").to_pylist()


def keyed(column: pa.Array) -> pa.Table:
    return pa.table({"id": range(len(column)), "v": column})


@pytest.mark.parametrize(("kind", "given"), GOOD.values(), ids=list(GOOD))
def test_null_parents_are_written_read_and_compacted(home: Path, kind: pa.DataType, given: list[Any]) -> None:
    rows = keyed(pa.array(given, kind))
    with supertable.connect(home=home) as lake:
        lake.create_table("t", rows.schema, keys=["id"])
        lake.write("t", rows)
        lake.write("t", rows.slice(1), mode="upsert")
        lake.write("t", pa.table({"id": [0]}), mode="upsert")
        lake.write("t", pa.table({"id": [9]}), mode="upsert")
        assert values(lake) == [*given, None]
        lake.table("t").compact(everything=True)
        assert values(lake) == [*given, None]
        lake.table("t").add_column("more", pa.int32())
        assert lake.write("t", lake.sql("FROM t").arrow(), mode="overwrite").rows_inserted == len(given) + 1
    with supertable.connect(home=home) as lake:
        assert values(lake) == [*given, None]
        assert lake.table("t").schema.field("v").type == kind
        assert lake.fsck().findings == ()


@pytest.mark.parametrize(("kind", "given", "path"), BAD.values(), ids=list(BAD))
def test_a_null_where_it_is_forbidden_is_refused(lake: Lake, kind: pa.DataType, given: Any, path: str) -> None:
    lake.create_table("t", pa.schema([("id", pa.int64()), ("v", kind)]), keys=["id"])
    loose = pa.array([given, None], _nullable(kind))
    with pytest.raises(InvalidSchema, match=f"Column '{path}': row 1: it may not be null"):
        lake.write("t", keyed(loose))
    with pytest.raises(InvalidSchema, match=f"Column '{path}'"):
        lake.write("t", keyed(loose), mode="upsert")
    assert lake.table("t").info().version == 1


def _nullable(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_struct(kind):
        return pa.struct([pa.field(member.name, _nullable(member.type)) for member in kind])
    if pa.types.is_map(kind):
        return pa.map_(kind.key_type, _nullable(kind.item_type))
    return pa.list_(_nullable(kind.value_type)) if pa.types.is_list(kind) else kind


def test_new_members_may_be_null(lake: Lake) -> None:
    lake.create_table_from("t", keyed(pa.array([ONE, None], POINT)))
    wider = pa.struct([*POINT, pa.field("y", pa.int32(), nullable=False)])
    lake.write("t", keyed(pa.array([{"x": 3, "label": "three", "y": 4}], wider)), evolve=True)
    lake.table("t").compact(everything=True)
    assert lake.sql("SELECT v FROM t WHERE v IS NOT NULL ORDER BY v.x").arrow().column("v").to_pylist() == [
        {"x": 1, "label": "one", "y": None},
        {"x": 3, "label": "three", "y": 4},
    ]
    assert lake.table("t").schema.field("v").type.field("y").nullable


def test_a_write_with_nulls_loses_against_a_change_that_forbids_them(lake: Lake) -> None:
    kind = pa.struct([("x", pa.int32()), ("y", pa.int32())])
    table = lake.create_table("t", pa.schema([("v", kind)]))

    def batches() -> Iterator[pa.RecordBatch]:
        table.set_nullable(("v", "x"), False)
        yield pa.record_batch({"v": pa.array([{"x": None, "y": 1}], kind)})

    with pytest.raises(InvalidSchema, match="a concurrent commit forbids nulls"):
        lake.write("t", pa.RecordBatchReader.from_batches(table.schema, batches()))
    assert values_of_v(lake) == []


def values_of_v(lake: Lake) -> list[Any]:
    return lake.sql("SELECT v FROM t").arrow().column("v").to_pylist()
