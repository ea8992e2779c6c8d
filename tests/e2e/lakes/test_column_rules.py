"""What columns a table may have: names at every depth, depth itself, keys, extension types and time zones."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import supertable
from supertable.domain.errors import IncompatibleSchema, InvalidSchema
from supertable.domain.schema.new_fields import MAX_DEPTH
from supertable.entrypoints.sdk.lakes.lake import Lake

INT = pa.int32()
PARENTS: dict[str, Callable[[pa.DataType], pa.DataType]] = {
    "struct": lambda kind: pa.struct([("v", kind)]),
    "list": pa.list_,
    "map": lambda kind: pa.map_(pa.string(), kind),
}


@pytest.fixture
def lake(home: Path) -> Iterator[Lake]:
    with supertable.connect(home=home) as lake:
        yield lake


@pytest.mark.parametrize("names", [["a", "a"], ["a", "A"], ["é", "É"], ["ab", "ab"], ["a", "b", "a"], ["1", "1"]])
def test_two_columns_of_one_name_are_refused_at_every_depth(lake: Lake, names: list[str]) -> None:
    arrays = [pa.array([i], INT) for i in range(len(names))]
    table = pa.Table.from_arrays(arrays, names=names)
    members = pa.StructArray.from_arrays(arrays, names)
    refused = pytest.raises(InvalidSchema, match="differ only in case are the same")
    with refused:
        lake.create_table("t", table.schema)
    lake.create_table("t", pa.schema([("v", pa.struct([(names[0], INT)])), (names[0], INT)]))
    for given in (table, pa.table({"v": members})):
        for evolve in (False, True):
            with refused:
                lake.write("t", given, evolve=evolve)
    with refused:
        lake.table("t").add_column("w", members.type)
    for parent in PARENTS.values():
        with refused:
            lake.create_table("u", pa.schema([("v", parent(members.type))]))
    for path in ((names[-1],), ("v", names[-1])):
        with pytest.raises(InvalidSchema, match="already exists"):
            lake.table("t").add_column(path, INT)
    with pytest.raises(InvalidSchema, match="already exists"):
        lake.table("t").rename_column("v", names[-1])


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "needs a name"),
        ("a\x00b", "control character"),
        ("\x00", "control character"),
        ("a\nb", "control character"),
        ("a\x7f", "control character"),
        ("x" * 256, "up to 255 are allowed"),
    ],
)
def test_bad_names_of_members_are_refused_at_every_depth(lake: Lake, name: str, reason: str) -> None:
    bad = pa.struct([(name, INT)])
    refused = pytest.raises(InvalidSchema, match=reason)
    for kind in (bad, *(parent(bad) for parent in PARENTS.values())):
        with refused:
            lake.create_table("t", pa.schema([("v", kind)]))
    table = lake.create_table("t", pa.schema([("v", pa.struct([("m", INT)]))]))
    for path in ((name,), ("v", name)):
        with refused:
            table.add_column(path, INT)
    with refused:
        table.add_column("w", pa.list_(bad))
    for path in (("v",), ("v", "m")):
        with refused:
            table.rename_column(path, name)
    with refused:
        lake.write("t", pa.table({"v": pa.array([{name: 1}], bad)}), evolve=True)
    assert table.info().version == 1


@pytest.mark.parametrize("parent", [(), ("v",)], ids=["column", "member"])
def test_names_that_are_not_unicode_are_refused(lake: Lake, parent: tuple[str, ...]) -> None:
    table = lake.create_table("t", pa.schema([("v", pa.struct([("m", INT)]))]))
    with pytest.raises(InvalidSchema, match="not valid Unicode"):
        table.add_column((*parent, "\ud800"), INT)
    with pytest.raises(InvalidSchema, match="not valid Unicode"):
        table.rename_column((*parent, "m") if parent else "v", "\ud800")


@pytest.mark.parametrize("parent", PARENTS.values(), ids=list(PARENTS))
def test_columns_are_nested_up_to_the_limit(lake: Lake, parent: Callable[[pa.DataType], pa.DataType]) -> None:
    kind, value = INT, pa.array([7], INT)
    for _ in range(MAX_DEPTH):
        kind, value = parent(kind), _wrapped(value, parent(kind))
    lake.create_table_from("t", pa.table({"v": value}))
    lake.table("t").compact(everything=True)
    assert lake.sql("FROM t").arrow().column("v").to_pylist() == value.to_pylist()
    refused = pytest.raises(InvalidSchema, match=f"nested {MAX_DEPTH + 1} levels deep; up to {MAX_DEPTH} are allowed")
    deeper = _wrapped(value, parent(kind))
    with refused:
        lake.create_table("u", pa.schema([("v", deeper.type)]))
    with refused:
        lake.table("t").add_column("w", deeper.type)
    with refused:
        lake.write("t", pa.table({"w": deeper}), evolve=True)


def _wrapped(value: pa.Array, kind: pa.DataType) -> pa.Array:
    if pa.types.is_struct(kind):
        return pa.StructArray.from_arrays([value], ["v"])
    if pa.types.is_map(kind):
        return pa.MapArray.from_arrays([0, 1], pa.array(["k"]), value)
    return pa.ListArray.from_arrays([0, 1], value)


def test_members_are_added_only_up_to_the_limit(lake: Lake) -> None:
    kind = INT
    for _ in range(MAX_DEPTH - 1):
        kind = pa.struct([("v", kind)])
    table = lake.create_table("t", pa.schema([("v", kind)]))
    inmost = ("v",) * (MAX_DEPTH - 1)
    table.add_column((*inmost, "fits"), pa.list_(INT))
    with pytest.raises(InvalidSchema, match=f"nested {MAX_DEPTH + 1} levels deep"):
        table.add_column((*inmost, "deeper"), pa.list_(pa.list_(INT)))


def test_a_type_that_is_nested_without_end_is_refused(lake: Lake) -> None:
    kind = INT
    for _ in range(2_000):
        kind = pa.list_(kind)
    with pytest.raises(InvalidSchema, match="nested too deeply"):
        lake.create_table("t", pa.schema([("v", kind)]))


@pytest.mark.parametrize("kind", [pa.float16(), pa.list_(INT), pa.struct([("a", INT)]), pa.map_(INT, INT)], ids=str)
def test_types_that_cannot_be_compared_are_no_keys(lake: Lake, kind: pa.DataType) -> None:
    schema = pa.schema([("id", INT), ("v", kind)])
    with pytest.raises(InvalidSchema, match="cannot be a key column"):
        lake.create_table("t", schema, keys=["v"])
    with pytest.raises(InvalidSchema, match="cannot be the sequence column"):
        lake.create_table("t", schema, keys=["id"], sequence="v")


def test_half_floats_that_are_no_keys_are_upserted(lake: Lake) -> None:
    halves = pa.array(np.array([1.5, -0.25], np.float16))
    lake.create_table_from("t", pa.table({"id": [1, 2], "v": halves}), keys=["id"])
    lake.write("t", pa.table({"id": [2], "v": halves.slice(0, 1)}), mode="upsert")
    lake.table("t").compact(everything=True)
    assert lake.sql("SELECT v FROM t ORDER BY id").arrow().column("v").to_pylist() == [1.5, 1.5]


@pytest.mark.parametrize("key", [pa.list_(INT), pa.struct([("a", INT)]), pa.map_(INT, INT)], ids=str)
def test_keys_of_maps_are_scalars(lake: Lake, key: pa.DataType) -> None:
    with pytest.raises(InvalidSchema, match="the keys of a map cannot be lists, structs or maps"):
        lake.create_table("t", pa.schema([("v", pa.map_(key, INT))]))


UUID = b"\x12\x34\x56\x78\x9a\xbc\xde\xf0\x12\x34\x56\x78\x9a\xbc\xde\xf0"
EXTENSIONS: list[tuple[pa.DataType, list[Any], pa.DataType, list[Any]]] = [
    (pa.uuid(), [UUID, None], pa.binary(), [UUID, None]),
    (pa.json_(), ['{"a": 1}', None], pa.string(), ['{"a": 1}', None]),
    (pa.json_(pa.large_string()), ["[]"], pa.string(), ["[]"]),
    (pa.bool8(), [0, 1, None], pa.bool_(), [False, True, None]),
    (pa.opaque(pa.int32(), "oid", "postgresql"), [5], pa.int32(), [5]),
]


@pytest.mark.parametrize(("kind", "given", "stored", "expected"), EXTENSIONS, ids=[str(case[0]) for case in EXTENSIONS])
def test_extension_types_are_stored_as_what_they_hold(
    lake: Lake, kind: Any, given: list[Any], stored: pa.DataType, expected: list[Any]
) -> None:
    column = pa.ExtensionArray.from_storage(kind, pa.array(given, kind.storage_type))
    single = pa.ListArray.from_arrays(pa.array(range(len(given) + 1), pa.int32()), column)
    rows = pa.table({"v": column, "l": single, "s": pa.StructArray.from_arrays([column], ["m"])})
    lake.create_table_from("t", rows)
    lake.write("t", rows)
    lake.table("t").compact(everything=True)
    found = lake.sql("SELECT v, l[1] AS l, s.m AS s FROM t").arrow()
    for name in ("v", "l", "s"):
        assert found.column(name).to_pylist() == expected * 2
    assert lake.table("t").schema.types == [stored, pa.list_(pa.field("element", stored)), pa.struct([("m", stored)])]


def test_a_byte_that_is_no_boolean_is_refused(lake: Lake) -> None:
    column = pa.ExtensionArray.from_storage(pa.bool8(), pa.array([1, 2], pa.int8()))
    for values in (column, pa.ListArray.from_arrays([0, 2], column), pa.StructArray.from_arrays([column], ["m"])):
        with pytest.raises(InvalidSchema, match="Column 'v': row [12]: booleans are the numbers 0 and 1 only"):
            lake.create_table_from("t", pa.table({"v": values}))


ZONES = ["UTC", "Z", "+00:00", "Etc/UTC", "Zulu", "Europe/Berlin", "America/New_York", "+05:30"]
NOON = dt.datetime(2024, 7, 1, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize("zone", ["UTC", "Etc/UTC", "Europe/Berlin"])
def test_timestamps_of_any_zone_are_the_same_instants(lake: Lake, zone: str) -> None:
    schema = pa.schema([("at", pa.timestamp("us", zone)), ("l", pa.list_(pa.timestamp("us", zone))), ("id", INT)])
    lake.create_table("t", schema, keys=["at"])
    for i, given in enumerate(ZONES):
        at = pa.array([NOON], pa.timestamp("us", given))
        rows = pa.table({"at": at, "l": pa.ListArray.from_arrays([0, 1], at), "id": pa.array([i], INT)})
        assert lake.write("t", rows, mode="upsert").rows_updated == (i > 0)
    answer = lake.sql("SELECT * FROM t").arrow()
    assert lake.write("t", answer, mode="upsert").rows_updated == 1
    lake.table("t").compact(everything=True)
    assert lake.sql("SELECT * FROM t").arrow().to_pylist() == [{"at": NOON, "l": [NOON], "id": len(ZONES) - 1}]
    assert lake.table("t").schema.field("at").type.tz == zone.removeprefix("Etc/")
    assert lake.delete("t", keys=answer.select(["at"])).rows_deleted == 1


def test_local_times_are_not_instants(lake: Lake) -> None:
    lake.create_table("t", pa.schema([("zoned", pa.timestamp("us", "UTC")), ("local", pa.timestamp("us"))]))
    for name, zone in (("zoned", None), ("local", "UTC")):
        for evolve in (False, True):
            with pytest.raises(IncompatibleSchema, match=f"Column '{name}'"):
                lake.write("t", pa.table({name: pa.array([0], pa.timestamp("us", zone))}), evolve=evolve)


def test_a_change_of_the_zone_changes_no_instant(lake: Lake) -> None:
    lake.create_table_from("t", pa.table({"at": pa.array([NOON], pa.timestamp("ms", "Europe/Berlin"))}))
    lake.table("t").widen_column("at", pa.timestamp("us", "UTC"))
    assert lake.table("t").schema.field("at").type == pa.timestamp("us", "UTC")
    assert lake.sql("FROM t").arrow().column("at").to_pylist() == [NOON]
    with pytest.raises(IncompatibleSchema):
        lake.table("t").widen_column("at", pa.timestamp("ms", "UTC"))
