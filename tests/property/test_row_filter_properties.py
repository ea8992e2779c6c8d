"""A row filter selects the rows for which DuckDB evaluates its text to true, never fails, and never prunes too much."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from supertable.adapters.engines.duckdb import DuckDBRowFilterParser
from supertable.domain.access.masks import Mask, MaskKind
from supertable.domain.access.row_filter_checks import fitted_filter
from supertable.domain.access.row_filters import Caller, Term, bound
from supertable.domain.errors import InvalidInput
from supertable.domain.scan.row_filter_pruning import necessary_predicate
from supertable.domain.scan.scan_plan import AccessStage, Scan
from supertable.domain.schema.schemas import Schema
from supertable.domain.schema.types import DataType
from tests.property.test_pruning_properties import COLUMNS, FLOATS, TEXT, Column, Folders, conditions, parts, text
from tests.support.oracles.reference import Reference
from tests.support.parquet_tables import ParquetTables, pruned_scan

ROLE, USER = "an'alyst", "0123456789abcdef0123456789abcdef"
CASED = st.one_of(TEXT, st.sampled_from(["Straße", "STRASSE", "İ", "ı", "ǅ", "Σς", "ﬁ", "É", "é", ROLE, USER]))
WORDS = Column("w", pa.string(), CASED, ())
BLOBS = Column("x", pa.binary(), st.binary(max_size=2), ())
LISTS = Column("l", pa.list_(pa.int8()), st.lists(st.integers(0, 3), max_size=2), ())


@pytest.fixture(scope="module")
def folders() -> Iterator[Folders]:
    with tempfile.TemporaryDirectory() as made:
        yield Folders(Path(made))


@pytest.fixture(scope="module")
def parser(folders: Folders) -> DuckDBRowFilterParser:
    return DuckDBRowFilterParser(folders.next().instance)


def rows(table: pa.Table) -> list[str]:
    return sorted(map(repr, table.to_pylist()))


def visible(tables: ParquetTables, scan: Scan, condition: Term, prune: bool) -> list[str]:
    access = AccessStage(condition=condition)
    chosen = pruned_scan(scan, necessary_predicate(condition, scan.schema)) if prune else scan
    assert isinstance(chosen, Scan)
    tables.scans["visible"] = replace(chosen, access=access)
    return rows(tables.query("select * from visible"))


def check(
    tables: ParquetTables,
    plain: Reference,
    parser: DuckDBRowFilterParser,
    scan: Scan,
    filter: str,
    oracle: str,
    caller: Caller,
) -> None:
    condition = parser.parse(filter, scan.schema)
    shown = parser.show(condition, scan.schema)
    assert parser.parse(shown, scan.schema) == condition, shown
    expected = rows(plain.ask(f"select * from {scan.table} where {oracle}"))
    ready = bound(condition, caller)
    assert visible(tables, scan, ready, prune=False) == expected, (filter, shown)
    assert visible(tables, scan, ready, prune=True) == expected, (filter, shown)


def reference(made: list[pa.Table], dead: dict[int, list[int]]) -> Reference:
    """The live rows of these parts in a plain table."""
    alive = [[row not in dead.get(number, []) for row in range(len(part))] for number, part in enumerate(made)]
    live = [part.filter(pa.array(mask, pa.bool_())) for part, mask in zip(made, alive, strict=True)]
    return Reference({"t": pa.concat_tables(live)})


@given(data=st.data())
def test_accepted_filters_mean_the_same_as_in_duckdb(
    folders: Folders, parser: DuckDBRowFilterParser, data: st.DataObject
) -> None:
    columns = data.draw(st.lists(st.sampled_from(COLUMNS), min_size=1, max_size=3, unique_by=lambda one: one.name))
    tables = folders.next()
    made, dead = data.draw(parts(columns)), {0: [0]} if data.draw(st.booleans()) else {}
    scan, plain = tables.table("t", *made, dead=dead), reference(made, dead)
    for _ in range(8):
        filter = data.draw(conditions(columns, depth=1))
        try:
            parser.parse(filter, scan.schema)
        except InvalidInput:
            continue
        check(tables, plain, parser, scan, filter, filter, Caller(USER, ROLE))


@dataclass(frozen=True)
class Value:
    """A constant as SQL, and as text of an attribute; None: attributes cannot hold it."""

    sql: str
    attribute: str | None


def number(value: Any) -> Value:
    return Value(str(value), str(value))


def values(kind: pa.DataType) -> st.SearchStrategy[Value]:
    """Constants that may be compared with a column."""
    if pa.types.is_boolean(kind):
        return st.sampled_from([Value("true", "true"), Value("false", "false")])
    if pa.types.is_integer(kind):
        half = 2 ** (kind.bit_width - 1)
        low, high = (-half, half - 1) if pa.types.is_signed_integer(kind) else (0, 2 * half - 1)
        return st.one_of(st.integers(max(low, -5), 5), st.sampled_from([low, high])).map(number)
    if pa.types.is_floating(kind):
        finite = FLOATS.filter(lambda value: abs(value) < 1e30)
        return finite.map(lambda value: Value(f"'{value!r}'::double" if kind == "double" else f"{value:.6f}", None))
    if pa.types.is_decimal(kind):
        most = Decimal(10) ** (kind.precision - kind.scale) - 1
        return st.decimals(-most, most, places=kind.scale).map(number)
    if pa.types.is_date(kind):
        days = st.one_of(st.dates(), st.dates(dt.date(1969, 12, 28), dt.date(1970, 1, 5)))
        return days.map(lambda day: Value(f"date '{day}'", str(day)))
    if pa.types.is_time(kind):
        times = st.one_of(st.times(), st.integers(0, 3).map(lambda us: dt.time(microsecond=us)))
        return times.map(lambda at: exact(at, kind)).map(lambda at: Value(f"time '{at}'", str(at)))
    if pa.types.is_timestamp(kind):
        far = st.datetimes(dt.datetime(1677, 10, 1), dt.datetime(2262, 1, 1))
        near = st.integers(-3, 3).map(lambda us: dt.datetime(1970, 1, 1) + dt.timedelta(microseconds=us))
        return st.one_of(near, far).map(lambda at: moment(at, kind))
    return CASED.map(lambda value: Value(text(value), value))


def exact(at: Any, kind: Any) -> Any:
    return at.replace(microsecond=at.microsecond // 1000 * 1000) if kind.unit == "ms" else at


def moment(at: dt.datetime, kind: Any) -> Value:
    at = exact(at, kind)
    return Value(f"timestamp{'tz' if kind.tz else ''} '{at}{'+00' if kind.tz else ''}'", str(at))


@dataclass
class Filter:
    """A filter, an equivalent condition for plain DuckDB, and the attributes for which they are equivalent."""

    filter: str
    oracle: str
    attributes: dict[str, str]


@st.composite
def filters(draw: st.DrawFn, columns: list[Column], depth: int = 2) -> Filter:
    if depth and draw(st.booleans()):
        made = draw(st.lists(filters(columns, depth - 1), min_size=1, max_size=3))
        joined = draw(st.sampled_from([" and ", " or "]))
        no = draw(st.sampled_from(["", "not "]))
        attributes = {name: value for one in made for name, value in one.attributes.items()}
        return Filter(
            f"{no}({joined.join(f'({one.filter})' for one in made)})",
            f"{no}({joined.join(f'({one.oracle})' for one in made)})",
            attributes,
        )
    column = draw(st.sampled_from(columns))
    name = column.name
    no = draw(st.sampled_from(["", "not "]))
    form = draw(st.sampled_from(["null", "compare", "compare", "in", "between", "own"]))
    if form == "null" or column in (BLOBS, LISTS):
        return both(f"{name} is {no}null")
    if form == "own":
        return draw(own(column, no))
    few = draw(st.lists(values(column.kind), min_size=3, max_size=3))
    if form == "in":
        return both(f"{name} {no}in ({', '.join(one.sql for one in few)})")
    if form == "between":
        return both(f"{name} {no}between {few[0].sql} and {few[1].sql}")
    operator = draw(st.sampled_from(["=", "<>", "<", "<=", ">", ">=", "!=", "=="]))
    if few[0].attribute is None or draw(st.booleans()):
        sides = [name, few[0].sql]
        return both(f" {operator} ".join(sides if draw(st.booleans()) else sides[::-1]))
    given = draw(st.sampled_from(["one", "none"]))
    key = f"a{draw(st.integers(0, 10**9))}"
    if given == "none":
        return Filter(f"{name} {operator} user_attribute('{key}')", f"{name} {operator} null", {})
    return Filter(
        f"{name} {operator} user_attribute('{key}')", f"{name} {operator} {few[0].sql}", {key: few[0].attribute}
    )


def both(sql: str) -> Filter:
    return Filter(sql, sql, {})


@st.composite
def own(draw: st.DrawFn, column: Column, no: str) -> Filter:
    """Forms that only text or boolean columns have, or that do not depend on the row."""
    if column.kind == pa.bool_():
        return both(no + column.name)
    if column.kind != pa.string():
        role = draw(st.sampled_from([ROLE, "other"]))
        return Filter(f"{no}current_role = {text(role)}", f"{no}{text(ROLE)} = {text(role)}", {})
    name = draw(st.sampled_from(["{}", "lower({})", "upper({})", "lower(upper({}))"])).format(column.name)
    pattern = draw(CASED) + draw(st.sampled_from(["", "%", "_", "%_", "\\", "%a%"]))
    return draw(
        st.sampled_from(
            [
                both(f"{name} {no}like {text(pattern)}"),
                both(f"{name} {no}ilike {text(pattern)}"),
                both(f"{name} = upper({text(pattern)})"),
                Filter(f"{name} {no}in ('a', current_user)", f"{name} {no}in ('a', '{USER}')", {}),
                Filter(f"{name} = lower(current_role)", f"{name} = lower({text(ROLE)})", {}),
                both(f"{name} < {column.name}"),
            ]
        )
    )


@given(data=st.data())
def test_visible_rows(folders: Folders, parser: DuckDBRowFilterParser, data: st.DataObject) -> None:
    every = [*COLUMNS, WORDS, BLOBS, LISTS]
    columns = data.draw(st.lists(st.sampled_from(every), min_size=1, max_size=4, unique_by=lambda one: one.name))
    tables = folders.next()
    made, dead = data.draw(parts(columns)), {0: [0]} if data.draw(st.booleans()) else {}
    scan, plain = tables.table("t", *made, dead=dead), reference(made, dead)
    for _ in range(4):
        one = data.draw(filters(columns))
        check(tables, plain, parser, scan, one.filter, one.oracle, Caller(USER, ROLE, one.attributes))


@given(data=st.data())
def test_arbitrary_attributes(folders: Folders, parser: DuckDBRowFilterParser, data: st.DataObject) -> None:
    """An attribute that is not a value of the column is null. No attribute makes a query fail."""
    column = data.draw(st.sampled_from(COLUMNS))
    tables = folders.next()
    scan = tables.table("t", *data.draw(parts([column])))
    given = data.draw(
        st.one_of(
            st.text(),
            st.sampled_from(["nan", "inf", "1e400", "-", "", "1_0", "１", "x" * 300, "\x00", "\ud800", "' or true --"]),
        )
    )
    for operator in ("=", "<>", ">"):
        condition = parser.parse(f"{column.name} {operator} user_attribute('a')", scan.schema)
        ready = bound(condition, Caller(USER, ROLE, {"a": given}))
        shown = visible(tables, scan, ready, prune=False)
        assert visible(tables, scan, ready, prune=True) == shown
        if not pa.types.is_string(column.kind) and not given.isascii():
            assert shown == []


WIDER = [
    (pa.int8(), DataType("int16")),
    (pa.int32(), DataType("int64")),
    (pa.uint8(), DataType("int32")),
    (pa.uint32(), DataType("uint64")),
    (pa.float32(), DataType("float64")),
    (pa.decimal128(5, 2), DataType("decimal", precision=12, scale=4)),
    (pa.date32(), DataType("timestamp", unit="us")),
    (pa.timestamp("ms"), DataType("timestamp", unit="us")),
    (pa.timestamp("us"), DataType("timestamp", unit="ns")),
    (pa.time32("ms"), DataType("time", unit="us")),
]


@given(data=st.data())
def test_widened_and_renamed_columns(folders: Folders, parser: DuckDBRowFilterParser, data: st.DataObject) -> None:
    kind, wider = data.draw(st.sampled_from(WIDER))
    near = st.datetimes(dt.datetime(1969, 12, 31), dt.datetime(1970, 1, 2))
    drawn: dict[pa.DataType, st.SearchStrategy[Any]] = {
        pa.float32(): st.sampled_from([0.1, 0.5, -1.0, 3.25, float("nan")]),
        pa.decimal128(5, 2): st.decimals(-9, 9, places=2),
        pa.date32(): st.dates(dt.date(1969, 12, 28), dt.date(1970, 1, 5)),
        pa.timestamp("us"): near,
        pa.timestamp("ms"): near.map(lambda at: at.replace(microsecond=0)),
        pa.time32("ms"): st.times().map(lambda at: at.replace(microsecond=0)),
    }
    column = Column("c", kind, drawn.get(kind, st.integers(0, 5)), ())
    tables = folders.next()
    before = tables.table("t", *data.draw(parts([column])))
    field = before.schema.fields[0]
    after = Schema(2, (replace(field, name='re "named"', type=wider),), field.id)
    scan = replace(tables.add("u", before.files, after, {1: before.schema}), folder="t")
    for _ in range(4):
        one = data.draw(filters([column]))
        condition = parser.parse(one.filter, before.schema)
        assert parser.parse(parser.show(condition, after), after) == fitted_filter(condition, after)
        expected = tables.query(f"select * from t where {one.oracle}").num_rows
        ready = bound(condition, Caller(USER, ROLE, one.attributes))
        assert len(visible(tables, scan, ready, prune=False)) == expected, one.filter
        assert len(visible(tables, scan, ready, prune=True)) == expected, one.filter


@given(data=st.data())
def test_filters_read_masked_columns(folders: Folders, parser: DuckDBRowFilterParser, data: st.DataObject) -> None:
    tables = folders.next()
    scan = tables.table("t", *data.draw(parts([WORDS])))
    one = data.draw(filters([WORDS]))
    ready = bound(parser.parse(one.filter, scan.schema), Caller(USER, ROLE, one.attributes))
    masks = {scan.schema.fields[0].id: Mask(MaskKind.CONSTANT, constant="-")}
    expected = tables.query(f"select * from t where {one.oracle}").num_rows
    chosen = pruned_scan(scan, necessary_predicate(ready, scan.schema))
    assert isinstance(chosen, Scan)
    tables.scans["visible"] = replace(chosen, access=AccessStage(condition=ready, masks=masks))
    assert tables.query("select * from visible where w = '-'").num_rows == expected
