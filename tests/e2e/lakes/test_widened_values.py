"""Widening to nanoseconds, which reach from September 1677 to April 2262, where some values may not fit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import supertable
from supertable.application.writes.write_modes import ModeName
from supertable.domain.errors import InvalidSchema
from supertable.entrypoints.sdk.lakes.lake import Lake

NS = pa.timestamp("ns")
KINDS = [pa.date32(), pa.timestamp("ms"), pa.timestamp("us")]
EARLY, FIRST, LAST, LATE = dt.date(1677, 9, 21), dt.date(1677, 9, 22), dt.date(2262, 4, 11), dt.date(2262, 4, 12)
DOES_NOT_FIT = pytest.raises(InvalidSchema, match="Column 'v': some of its values are outside the years 1677 to 2262")


@pytest.fixture
def lake(home: Path) -> Iterator[Lake]:
    with supertable.connect(home=home) as lake:
        yield lake


def rows(kind: pa.DataType, *days: dt.date | None) -> pa.Table:
    return pa.table({"id": range(len(days)), "v": pa.array(days, pa.date32()).cast(kind)})


def nanoseconds(lake: Lake) -> list[int | None]:
    found: list[int | None] = lake.sql("SELECT v FROM t ORDER BY id").arrow().column("v").cast(pa.int64()).to_pylist()
    return found


def since_1970(day: dt.date) -> int:
    return (day - dt.date(1970, 1, 1)).days * 86_400 * 10**9


def widen(lake: Lake, kind: pa.DataType) -> Any:
    return lake.table("t").widen_column("v", NS)


def evolve(lake: Lake, kind: pa.DataType) -> Any:
    return lake.write("t", pa.table({"id": [9], "v": pa.array([1], NS)}), evolve=True)


WAYS = {"alter": widen, "evolve": evolve}


@pytest.mark.parametrize("way", WAYS.values(), ids=list(WAYS))
@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_values_that_fit_stay_the_same(lake: Lake, kind: pa.DataType, way: Callable[[Lake, pa.DataType], Any]) -> None:
    lake.create_table_from("t", rows(kind, FIRST, LAST, None), keys=["id"])
    way(lake, kind)
    expected = [since_1970(FIRST), since_1970(LAST), None, *([1] if way is evolve else [])]
    assert nanoseconds(lake) == expected
    lake.table("t").compact(everything=True)
    assert nanoseconds(lake) == expected


@pytest.mark.parametrize("way", WAYS.values(), ids=list(WAYS))
@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("day", [dt.date(1, 1, 1), EARLY, LATE, dt.date(9999, 12, 31)], ids=str)
def test_values_that_do_not_fit_are_refused(
    lake: Lake, kind: pa.DataType, day: dt.date, way: Callable[[Lake, pa.DataType], Any]
) -> None:
    lake.create_table_from("t", rows(kind, FIRST), keys=["id"])
    lake.write("t", rows(kind, LAST, day, None), "upsert")
    with DOES_NOT_FIT:
        way(lake, kind)
    assert lake.table("t").info().version == 3
    assert lake.sql("SELECT v::DATE AS v FROM t ORDER BY id").arrow().column("v").to_pylist() == [LAST, day, None]


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_the_exact_limits_of_nanoseconds_fit(lake: Lake, kind: pa.DataType) -> None:
    unit = {"date32[day]": 86_400 * 10**9, "timestamp[ms]": 10**6, "timestamp[us]": 10**3}[str(kind)]
    least, most = -(2**63 - 2) // unit + 1, (2**63 - 2) // unit
    for value, fits in ((least, True), (most, True), (least - 1, False), (most + 1, False)):
        name = f"t{value}".replace("-", "m")
        stored = pa.array([value], pa.int32() if kind == pa.date32() else pa.int64()).view(kind)
        lake.create_table_from(name, pa.table({"v": stored}))
        if not fits:
            with DOES_NOT_FIT:
                lake.table(name).widen_column("v", NS)
            continue
        lake.table(name).widen_column("v", NS)
        found = lake.sql(f"FROM {name}").arrow().column("v").cast(pa.int64()).to_pylist()
        assert found == [value * unit]


def test_deleted_rows_count_until_a_compaction(lake: Lake) -> None:
    lake.create_table_from("t", rows(pa.timestamp("us"), FIRST, dt.date(9999, 1, 1)))
    lake.delete("t", where="v > '9000-01-01'")
    with DOES_NOT_FIT:
        lake.table("t").widen_column("v", NS)
    lake.table("t").compact(everything=True)
    lake.table("t").widen_column("v", NS)
    assert nanoseconds(lake) == [since_1970(FIRST)]


def test_an_overwrite_may_widen_what_it_replaces(lake: Lake) -> None:
    lake.create_table_from("t", rows(pa.timestamp("us"), dt.date(9999, 1, 1)))
    lake.write("t", pa.table({"id": [1], "v": pa.array([7], NS)}), "overwrite", evolve=True)
    assert nanoseconds(lake) == [7]


@pytest.mark.parametrize("mode", ["append", "upsert", "overwrite"])
@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_a_write_loses_against_a_widening_that_its_values_do_not_fit(
    lake: Lake, kind: pa.DataType, mode: ModeName
) -> None:
    lake.create_table_from("t", rows(kind, FIRST, LAST), keys=["id"])

    def batches(given: pa.Table) -> Iterator[pa.RecordBatch]:
        if lake.table("t").schema.field("v").type != NS:
            lake.table("t").widen_column("v", NS)
        yield from given.to_batches()

    def write(*days: dt.date) -> Any:
        given = rows(kind, *days)
        return lake.write("t", pa.RecordBatchReader.from_batches(given.schema, batches(given)), mode)

    with DOES_NOT_FIT:
        write(LAST, LATE)
    assert nanoseconds(lake) == [since_1970(FIRST), since_1970(LAST)]
    write(LAST, FIRST)
    assert nanoseconds(lake) == [since_1970(LAST), since_1970(FIRST)]


def test_a_widening_loses_against_a_write_of_values_that_do_not_fit(lake: Lake) -> None:
    lake.create_table_from("t", rows(pa.timestamp("us"), FIRST), keys=["id"])

    def batches() -> Iterator[pa.RecordBatch]:
        lake.write("t", rows(pa.timestamp("us"), LATE), "upsert")
        yield from pa.table({"id": [5], "v": pa.array([5], NS)}).to_batches()

    schema = pa.schema([("id", pa.int64()), ("v", NS)])
    with DOES_NOT_FIT:
        lake.write("t", pa.RecordBatchReader.from_batches(schema, batches()), evolve=True)
    assert lake.sql("SELECT id, v::DATE AS v FROM t").arrow().to_pylist() == [{"id": 0, "v": LATE}]


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        (pa.struct([("m", pa.timestamp("us"))]), ("v", "m"), {"m": dt.datetime(9999, 1, 1)}),
        (pa.list_(pa.date32()), ("v", "element"), [dt.date(9999, 1, 1)]),
        (pa.map_(pa.string(), pa.timestamp("ms")), ("v", "value"), [("k", dt.datetime(9999, 1, 1))]),
    ],
    ids=["struct", "list", "map"],
)
def test_nested_timestamps_become_nanoseconds_only_in_an_empty_table(
    lake: Lake, kind: pa.DataType, path: tuple[str, ...], value: Any
) -> None:
    table = lake.create_table("t", pa.schema([("v", kind)]))
    lake.write("t", pa.table({"v": pa.array([value], kind)}))
    with pytest.raises(InvalidSchema, match="Column 'v': nested timestamps cannot become nanoseconds while"):
        table.widen_column(path, NS)
    assert lake.sql("FROM t").arrow().column("v").to_pylist() == [value]
    lake.delete("t", where="true")
    lake.table("t").compact(everything=True)
    table.widen_column(path, NS)
    assert lake.sql("FROM t").arrow().num_rows == 0


WIDENINGS: list[tuple[pa.DataType, pa.DataType, list[int]]] = [
    (pa.int8(), pa.int64(), [-128, 127]),
    (pa.uint8(), pa.int16(), [0, 255]),
    (pa.uint32(), pa.int64(), [0, 2**32 - 1]),
    (pa.uint8(), pa.uint64(), [0, 255]),
    (pa.date32(), pa.timestamp("us"), [-719_162, 2_932_896]),
    (pa.timestamp("ms"), pa.timestamp("us"), [-62_135_596_800_000, 253_402_300_799_999]),
    (pa.time32("ms"), pa.time64("us"), [0, 86_399_999]),
]


@pytest.mark.parametrize(("old", "new", "values"), WIDENINGS, ids=str)
def test_every_other_widening_holds_the_outermost_values(
    lake: Lake, old: pa.DataType, new: pa.DataType, values: list[int]
) -> None:
    stored = pa.array(values, old) if pa.types.is_integer(old) else _temporal(values, old)
    lake.create_table_from("t", pa.table({"v": stored, "l": pa.array([[v] for v in stored], pa.list_(old))}))
    lake.table("t").widen_column("v", new)
    lake.table("t").widen_column(("l", "element"), new)
    factor = 86_400 * 10**6 if old == pa.date32() else 1 if pa.types.is_integer(old) else 1_000
    expected = [value * factor for value in values]
    for _ in range(2):
        found = lake.sql("SELECT v, l[1] AS l FROM t ORDER BY v").arrow()
        assert [column.cast(pa.int64()).to_pylist() for column in found.columns] == [expected, expected]
        lake.table("t").compact(everything=True)


def _temporal(values: list[int], kind: pa.DataType) -> pa.Array:
    return pa.array(values, pa.int32() if kind.bit_width == 32 else pa.int64()).view(kind)
