"""Rows of small commits, without objects: what is stored of them, and the tables that engines read."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from supertable.adapters.clocks.manual import SequentialIdentifiers
from supertable.adapters.object_stores.memory import InMemoryObjectStore
from supertable.application.integrity.check_files import CheckedFiles, FileChecker
from supertable.application.storage.arrow.arrow_schemas import fields_of, stored_schema
from supertable.application.storage.data_file_writer import DataFileWriter
from supertable.application.storage.deletion_vectors import DeletionVectors
from supertable.application.storage.inline_rows import InlineRows, decoded_rows, inline_file
from supertable.domain.errors import ObjectDamaged
from supertable.domain.schema.schemas import Schema, first_schema
from supertable.domain.table.data_files import ColumnRange, DataFile, DeletionVector

FOLDER = "acme/main/tables/t"
INT = first_schema(fields_of(pa.schema([("n", pa.int64()), ("s", pa.string())])))


def rows_of(schema: Schema, *rows: tuple[Any, ...]) -> pa.Table:
    columns = [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in schema.fields]
    return pa.table(columns, schema=stored_schema(schema))


def small(name: str, *rows: tuple[Any, ...], schema: Schema = INT) -> DataFile:
    return inline_file(f"inline/{name}", rows_of(schema, *rows), schema)


def test_a_file_without_an_object_has_its_rows_and_what_every_file_has() -> None:
    file = small("a", (3, "x"), (None, "y"))
    assert (file.stored, file.rows, file.schema_id) == (False, 2, INT.id)
    assert file.bytes == len(file.content or b"")
    rows = decoded_rows("key", file)
    assert rows.to_pydict() == {"n": [3, None], "s": ["x", "y"]}
    assert [field.metadata[b"PARQUET:field_id"] for field in rows.schema] == [b"1", b"2"]


@pytest.mark.parametrize("damage", ["truncated", "changed", "other rows", "no stream", "missing"])
def test_damaged_rows_are_an_error(damage: str) -> None:
    file = small("a", (3, "x"))
    content = file.content
    assert content
    nonsense = inline_file("x", rows_of(INT, (4, "y")), INT)
    damaged = {
        "truncated": replace(file, content=content[:-1]),
        "changed": replace(file, content=content.replace(b"x", b"z")),
        "other rows": replace(nonsense, rows=2),
        "no stream": replace(file, content=b"nonsense", bytes=8, digest="5d7f4e1d"),
        "missing": replace(file, content=b""),
    }[damage]
    with pytest.raises(ObjectDamaged, match="the key"):
        decoded_rows("the key", damaged)


TYPES: dict[str, tuple[pa.DataType, list[Any]]] = {
    "bool": (pa.bool_(), [True, False, None]),
    "int8": (pa.int8(), [-128, 127]),
    "int64": (pa.int64(), [-(2**63), 2**63 - 1, None]),
    "uint64": (pa.uint64(), [0, 2**64 - 1]),
    "float16": (pa.float16(), [1.5, None]),
    "float32": (pa.float32(), [-1.5, 2.25, None]),
    "float64": (pa.float64(), [-1.5, math.nan, 7.0]),
    "infinity": (pa.float64(), [-math.inf, 1.0]),
    "only nan": (pa.float64(), [math.nan]),
    "decimal": (pa.decimal128(38, 10), [Decimal("-1234567890123456789012345678.0123456789"), Decimal("5.5"), None]),
    "string": (pa.string(), ["", "zebra", None, "\u00e9", "A"]),
    "long string": (pa.string(), ["b" * 100, "a" * 70, "\U0010ffff" * 80]),
    "binary": (pa.binary(), [b"\x00", b"", None]),
    "date": (pa.date32(), [date(1, 1, 1), date(9999, 12, 31), None]),
    "time(ms)": (pa.time32("ms"), [time(0, 0, 0, 1000), time(23, 59, 59, 999_000)]),
    "time(us)": (pa.time64("us"), [time(0, 0, 0, 1), None]),
    "timestamp(ms)": (pa.timestamp("ms"), [datetime(1969, 1, 1), datetime(2026, 1, 1)]),
    "timestamp(us,UTC)": (pa.timestamp("us", "UTC"), [datetime(2026, 1, 1, tzinfo=UTC), None]),
    "timestamp(ns)": (pa.timestamp("ns"), [datetime(1700, 1, 1), datetime(2200, 1, 1)]),
    "all null": (pa.int32(), [None, None]),
    "list": (pa.list_(pa.int32()), [[1, None], [], None]),
    "struct": (pa.struct([("a", pa.int32()), ("b", pa.string())]), [{"a": 1, "b": None}, None]),
    "map": (pa.map_(pa.string(), pa.int64()), [[("k", 1)], [], None]),
}


@pytest.mark.parametrize("kind", TYPES)
def test_ranges_are_those_of_the_same_rows_in_an_object(kind: str) -> None:
    type_, values = TYPES[kind]
    schema = first_schema(fields_of(pa.schema([("c", type_), ("other", pa.int8())])))
    rows = pa.table([pa.array(values, type_), pa.array([1] * len(values), pa.int8())], schema=stored_schema(schema))
    store = InMemoryObjectStore()
    (stored,) = DataFileWriter(store, store.open_writer, SequentialIdentifiers()).write(FOLDER, schema, [rows])
    assert inline_file("inline/a", rows, schema).ranges == stored.ranges


@pytest.mark.parametrize("kind", TYPES)
def test_rows_of_every_type_are_read_back(kind: str) -> None:
    type_, values = TYPES[kind]
    schema = first_schema(fields_of(pa.schema([("c", type_)])))
    rows = pa.table([pa.array(values, type_)], schema=stored_schema(schema))
    file = inline_file("inline/a", rows, schema)
    assert decoded_rows("key", file).column(0).combine_chunks().type == rows.schema.field(0).type
    read = InlineRows().table(FOLDER, [file])
    assert read.column_names == ["st_c1"]
    expected = rows.column(0).to_pylist()
    assert repr(read.column(0).to_pylist()) == repr(expected)


def test_files_are_read_in_the_order_in_which_they_are_asked_for() -> None:
    a, b, c = small("a", (1, "a"), (2, "b")), small("b", (3, "c")), small("c", (4, "d"), (5, "e"))
    inline = InlineRows()
    for files, numbers in [
        ([b], [3]),
        ([a, b, c], [1, 2, 3, 4, 5]),
        ([c, a], [4, 5, 1, 2]),
        ([b, a, c], [3, 1, 2, 4, 5]),
        ([a], [1, 2]),
    ]:
        assert inline.table(FOLDER, files).column("st_c1").to_pylist() == numbers
        assert inline.table(FOLDER, files).column("st_c1").num_chunks == 1


def test_rows_are_decoded_once_while_they_are_kept() -> None:
    files = [small(str(n), (n, "x")) for n in range(50)]
    inline = InlineRows()
    inline.table(FOLDER, files[:49])
    unread = [files[0], *(replace(file, content=b"") for file in files[1:49])]
    assert inline.table(FOLDER, [*unread, files[49]]).column("st_c1").to_pylist() == list(range(50))


def test_tables_are_apart_and_bounded() -> None:
    inline = InlineRows(max_bytes=100)
    for number in range(20):
        file = small("a", (number, "x"))
        assert inline.table(f"folder-{number}", [file]).column("st_c1").to_pylist() == [number]


def test_rows_that_nobody_asks_for_do_not_stay() -> None:
    inline = InlineRows()
    for number in range(30):
        big = small(str(number), *((number, "x") for _ in range(1000)))
        assert inline.table(FOLDER, [big]).num_rows == 1000
    gone = replace(small("0", *((0, "x") for _ in range(1000))), content=b"")
    with pytest.raises(ObjectDamaged):
        inline.table(FOLDER, [big, gone])


def test_rows_with_other_columns_are_apart_and_never_mixed() -> None:
    fewer = replace(INT, fields=INT.fields[:1])
    one, other = small("a", (1, "x")), small("b", (2,), schema=fewer)
    inline = InlineRows()
    assert inline.table(FOLDER, [one]).column_names == ["st_c1", "st_c2"]
    assert inline.table(FOLDER, [other]).column_names == ["st_c1"]
    with pytest.raises(ObjectDamaged, match="other columns"):
        inline.table(FOLDER, [small("c", (3, "y")), small("d", (4,), schema=fewer)])


def checked(*files: DataFile) -> list[tuple[str, str]]:
    store = InMemoryObjectStore()
    done = CheckedFiles()
    checker = FileChecker(store, DeletionVectors(store, SequentialIdentifiers()))
    checker.check(FOLDER, files, quick=True, progress=lambda _: None, done=done)
    return [(finding.key, finding.what) for finding in done.findings]


def test_a_check_finds_rows_and_dead_rows_that_are_not_what_was_recorded() -> None:
    file = small("a", (3, "x"), (None, "y"))
    dead = replace(file, deletes=DeletionVector("", 1, "", positions=(1,)))
    assert checked(file, dead) == []
    key = f"{FOLDER}/inline/a"
    assert checked(replace(file, content=b"nonsense")) == [
        (key, "its rows in the commit record are not those that were written")
    ]
    assert checked(replace(dead, deletes=DeletionVector("", 1, "", positions=(2,)))) == [
        (key, "the commit recorded dead rows that it does not have")
    ]
    for low, high, nulls in ((4, 9, 1), (0, 2, 1), (3, 3, 0)):
        ranges = {**file.ranges, 1: ColumnRange(low, high, nulls)}
        assert checked(replace(file, ranges=ranges)) == [(key, "the commit recorded ranges that its rows are not in")]
    assert checked(replace(file, ranges={1: ColumnRange(-5, None, 1)})) == []


@pytest.mark.parametrize("kind", TYPES)
def test_values_of_every_type_are_within_their_ranges(kind: str) -> None:
    type_, values = TYPES[kind]
    schema = first_schema(fields_of(pa.schema([("c", type_)])))
    rows = pa.table([pa.array(values, type_)], schema=stored_schema(schema))
    assert checked(inline_file("inline/a", rows, schema)) == []
