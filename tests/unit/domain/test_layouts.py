"""Layouts: which texts name a transform, which columns it takes, and the hash of buckets, which is stored."""

from __future__ import annotations

import pytest

from supertable.domain.errors import InvalidInput, InvalidSchema, InvalidSetting
from supertable.domain.layout.hashes import bucket, bytes_hash, integer_hash, mixed
from supertable.domain.layout.layouts import (
    PartitionField,
    SortColumn,
    field_text,
    fitting,
    partition_fields,
    sort_columns,
)
from supertable.domain.schema.schemas import Schema
from supertable.domain.schema.types import DataType, Field

STAMP = DataType("timestamp", unit="us")
SCHEMA = Schema(
    1,
    (
        Field(1, "id", DataType("int64")),
        Field(2, "at", STAMP),
        Field(3, "name", DataType("string")),
        Field(4, "price", DataType("decimal", 10, 2)),
        Field(5, "x", DataType("float64")),
        Field(6, "b DESC", DataType("int32")),
        Field(7, "day(at)", DataType("date")),
        Field(8, "wide", DataType("decimal", 30, 2)),
        Field(9, "more", DataType("list", fields=(Field(10, "element", DataType("int64")),))),
    ),
    last_field_id=10,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("id", PartitionField(1, "identity")),
        ("ID", PartitionField(1, "identity")),
        ("identity(id)", PartitionField(1, "identity")),
        (" Month( at ) ", PartitionField(2, "month")),
        ("days(at)", PartitionField(2, "day")),
        ("hour(at)", PartitionField(2, "hour")),
        ("bucket(16, id)", PartitionField(1, "bucket", 16)),
        ("bucket(id, 16)", PartitionField(1, "bucket", 16)),
        ('truncate(3, "name")', PartitionField(3, "truncate", 3)),
        ("day(at)", PartitionField(2, "day")),
        ('"day(at)"', PartitionField(7, "identity")),
        ('"b DESC"', PartitionField(6, "identity")),
    ],
)
def test_a_text_names_a_column_or_a_transform(text: str, expected: PartitionField) -> None:
    assert partition_fields([text], SCHEMA) == (expected,)
    again = field_text(expected, SCHEMA)
    assert again is not None
    assert partition_fields([again], SCHEMA) == (expected,)


@pytest.mark.parametrize(
    ("texts", "error"),
    [
        (["nothing"], InvalidSchema),
        (["day(nothing)"], InvalidSchema),
        (["day(id)"], InvalidSchema),
        (["x"], InvalidSchema),
        (["more"], InvalidSchema),
        (["bucket(4, x)"], InvalidSchema),
        (["truncate(10, wide)"], InvalidSchema),
        (["truncate(10, at)"], InvalidSchema),
        (['hour("day(at)")'], InvalidSchema),
        (["bucket(id)"], InvalidSetting),
        (["bucket(0, id)"], InvalidSetting),
        (["bucket(1000001, id)"], InvalidSetting),
        (["bucket(4, id, 4)"], InvalidSetting),
        (["month(3, at)"], InvalidSetting),
        (["void(id)"], InvalidSetting),
        (["id + 1"], InvalidSetting),
        ([""], InvalidSetting),
        (["id", "identity(ID)"], InvalidSetting),
        ([f"bucket({n}, id)" for n in range(1, 10)], InvalidSetting),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_does_not_fit_is_refused(texts: list[str], error: type[InvalidInput]) -> None:
    with pytest.raises(error):
        partition_fields(texts, SCHEMA)


def test_a_sort_order_has_directions() -> None:
    found = sort_columns(["name desc", '"id" ASC', "b DESC", "price"], SCHEMA)
    assert found == (SortColumn("name", True), SortColumn("id"), SortColumn("b DESC"), SortColumn("price"))
    for texts in (["id", "ID DESC"], ["nothing"], ["id DOWN"], [""]):
        with pytest.raises(InvalidSchema):
            sort_columns(texts, SCHEMA)


def test_fields_of_dropped_columns_and_of_other_types_do_not_apply() -> None:
    fields = (PartitionField(1, "bucket", 4), PartitionField(77, "identity"), PartitionField(8, "truncate", 5))
    assert fitting(fields, SCHEMA) == fields[:1]


def test_the_hash_is_that_of_splitmix64() -> None:
    """The first outputs of splitmix64 with the seed 0, as its reference implementation has them."""
    golden = 0x9E3779B97F4A7C15
    assert mixed(golden) == 0xE220A8397B1DCDAF
    assert mixed(2 * golden % 2**64) == 0x6E789E6AA1B965F4
    assert mixed(3 * golden % 2**64) == 0x06C45D188009454F
    assert integer_hash(2 * golden % 2**64) == 0x6E789E6AA1B965F4


BUCKETS = [0, 789, 563, 533, 885, 67, 715, 776, 0, 897, 789, 304, 957, 0]


def test_numbers_of_buckets_never_change() -> None:
    values: list[int | str | bytes] = [
        0,
        1,
        -1,
        2**63 - 1,
        -(2**63),
        2**64 - 1,
        10**30,
        -(10**30),
        "",
        "a",
        "Straße",
        "x" * 300,
        b"\x00",
        b"",
    ]
    assert [bucket(value, 1_000) for value in values] == BUCKETS
    assert bucket("a", 7) == bytes_hash(b"a") % 7
    assert bytes_hash(b"x" * 300) != bytes_hash(b"x" * 301)
    assert bytes_hash(b"a") != bytes_hash(b"a\x00")
