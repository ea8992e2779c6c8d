"""Pruning never changes an answer, whatever the files hold and whatever the statement."""

from __future__ import annotations

import datetime as dt
import math
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from supertable.domain.errors import SupertableError
from tests.support.parquet_tables import ParquetTables

SOME_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"], exclude_characters="\x00"), max_size=4)
TEXT = st.one_of(st.sampled_from(["", "a", "ab", "b", "%", "_", "ä", "\uffff", "\U0001f600", "Z", "z" * 70]), SOME_TEXT)
FLOATS = st.one_of(
    st.sampled_from([0.0, -0.0, math.nan, math.inf, -math.inf, 1.5, 0.1, 5e-324, 1e308, 16_777_217.0]),
    st.floats(width=32),
)
DAYS = st.dates(dt.date(1969, 12, 28), dt.date(1970, 1, 5))
MOMENTS = st.datetimes(dt.datetime(1969, 12, 31, 23, 59, 59), dt.datetime(1970, 1, 1, 0, 0, 1))
AMOUNTS = st.decimals(Decimal("-9.99"), Decimal("9.99"), places=2)


def number(value: Any) -> str:
    return str(value)


def text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def real(value: float) -> str:
    if not math.isfinite(value):
        return f"'{value}'::double"
    return repr(value)


@dataclass(frozen=True)
class Column:
    name: str
    kind: pa.DataType
    values: st.SearchStrategy[Any]
    literals: tuple[st.SearchStrategy[str], ...]


def each(values: st.SearchStrategy[Any], *forms: Callable[[Any], str]) -> tuple[st.SearchStrategy[str], ...]:
    return tuple(values.map(form) for form in forms)


INTS = st.integers(-5, 5)
ODD_NUMBERS = ["9223372036854775807", "9223372036854775808", "1e3", "'3'", "null", "-0.1", "true"]
COLUMNS = [
    Column("i", pa.int64(), st.one_of(INTS, st.sampled_from([2**63 - 1, -(2**63)])), (
        *each(INTS, number, lambda value: f"{value}.5", lambda value: f"({value})::tinyint"),
        st.sampled_from(ODD_NUMBERS),
    )),
    Column("u", pa.uint8(), st.integers(0, 9), each(st.integers(-3, 300), number, lambda value: f"{value}.25")),
    Column("s", pa.string(), TEXT, each(TEXT, text)),
    Column("f", pa.float64(), FLOATS, (*each(FLOATS, real), *each(INTS, number, lambda value: f"{value}.1"))),
    Column("g", pa.float32(), FLOATS.map(lambda value: value if abs(value) < 1e30 else 0.1), (
        *each(FLOATS, real), *each(INTS, number, lambda value: f"{value}.1"),
        st.sampled_from(["16777217", "0.1", "1e-3"]),
    )),
    Column("n", pa.decimal128(5, 2), AMOUNTS, (
        *each(AMOUNTS, number), *each(INTS, number), *each(st.decimals(-9, 9, places=4), number),
        st.sampled_from(["1e0", "'1.5'", "0.005", "-0.001"]),
    )),
    Column("d", pa.date32(), DAYS, (
        *each(DAYS, lambda day: f"'{day}'", lambda day: f"date '{day}'", lambda day: f"'{day}'::date + 1"),
        *each(DAYS, lambda day: f"date '{day}' + interval 36 hours", lambda day: f"timestamp '{day} 12:00:00'"),
        *each(DAYS, lambda day: f"'{day:%Y-%-m-%-d}'"),
    )),
    Column("t", pa.timestamp("us"), MOMENTS, (
        *each(MOMENTS, lambda at: f"'{at}'", lambda at: f"timestamp '{at}'", lambda at: f"'{at.isoformat()}'"),
        *each(DAYS, lambda day: f"'{day}'", lambda day: f"date '{day}'"),
        st.sampled_from(["'infinity'", "'epoch'", "timestamp_ns '1970-01-01 00:00:00.000000001'"]),
    )),
    Column("m", pa.timestamp("ms"), MOMENTS.map(lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000)), (
        *each(MOMENTS, lambda at: f"'{at}'", lambda at: f"timestamp '{at}'"), *each(DAYS, lambda day: f"date '{day}'"),
    )),
    Column("ns", pa.timestamp("ns"), st.integers(-3_000, 3_000), (
        *each(st.integers(-3, 3), lambda us: f"timestamp '1970-01-01' + interval ({us}) microseconds"),
        *each(st.integers(0, 2_999), lambda ns: f"'1970-01-01 00:00:00.{ns:09}'"),
        *each(st.integers(0, 2_999), lambda ns: f"timestamp_ns '1970-01-01 00:00:00.{ns:09}'"),
    )),
    Column("z", pa.timestamp("us", "Europe/Berlin"), MOMENTS.map(lambda at: at.replace(tzinfo=dt.UTC)), (
        *each(MOMENTS, lambda at: f"'{at}'", lambda at: f"'{at}+01'", lambda at: f"timestamptz '{at}+00'"),
        *each(DAYS, lambda day: f"date '{day}'"),
    )),
    Column("c", pa.time64("us"), st.times(), (*each(st.times(), lambda at: f"'{at}'", lambda at: f"time '{at}'"),)),
    Column("b", pa.bool_(), st.booleans(), (st.sampled_from(["true", "false", "null", "1", "'t'"]),)),
]  # fmt: skip


@st.composite
def conditions(draw: st.DrawFn, columns: list[Column], prefix: str = "", depth: int = 2) -> str:
    if depth and draw(st.booleans()):
        parts = draw(st.lists(conditions(columns, prefix, depth - 1), min_size=1, max_size=3))
        joined = draw(st.sampled_from([" and ", " or "])).join(parts)
        return (
            draw(st.sampled_from([f"({joined})", f"not ({joined})"])) if draw(st.integers(0, 3)) == 0 else f"({joined})"
        )
    column = draw(st.sampled_from(columns))
    name, value = prefix + column.name, st.one_of(*column.literals)
    form = draw(st.integers(0, 9))
    if form < 5:
        operator = draw(st.sampled_from(["=", "<", "<=", ">", ">=", "<>", "is not distinct from", "is distinct from"]))
        sides = [name, draw(value)]
        return f" {operator} ".join(sides if draw(st.booleans()) else sides[::-1])
    if form == 5:
        return f"{name} {draw(st.sampled_from(['is null', 'is not null']))}"
    if form == 6:
        return f"{name} {draw(st.sampled_from(['between', 'not between']))} {draw(value)} and {draw(value)}"
    if form == 7:
        listed = ", ".join(draw(st.lists(value, min_size=1, max_size=4)))
        return f"{name} {draw(st.sampled_from(['in', 'not in']))} ({listed})"
    if column.kind == pa.string():
        call = draw(
            st.sampled_from(["{} like {}", "{} not like {}", "starts_with({}, {})", "{} ^@ {}", "prefix({}, {})"])
        )
        pattern = draw(TEXT) + draw(st.sampled_from(["", "%", "_"]))
        return call.format(name, text(pattern))
    return name if column.kind == pa.bool_() else f"{name} = {draw(value)}"


def parts(columns: list[Column]) -> st.SearchStrategy[list[pa.Table]]:
    row = st.fixed_dictionaries({column.name: st.one_of(st.none(), column.values) for column in columns})
    arrow = pa.schema([(column.name, column.kind) for column in columns])
    rows = st.lists(row, min_size=1, max_size=3).map(lambda found: pa.Table.from_pylist(found, arrow))
    return st.lists(rows, min_size=1, max_size=4)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


@dataclass
class Folders:
    """Creates a new folder for every example."""

    root: Path
    count: int = 0

    def next(self) -> ParquetTables:
        self.count += 1
        return ParquetTables(self.root / str(self.count) / "lake", threads=1)


@pytest.fixture(scope="module")
def folders(folder: Path) -> Folders:
    return Folders(folder)


def answer(tables: ParquetTables, sql: str, prune: bool) -> list[str] | None:
    """The rows, sorted; None if the statement fails."""
    try:
        return sorted(map(repr, tables.query(sql, prune=prune).to_pylist()))
    except SupertableError:
        return None


@given(data=st.data())
def test_pruning_one_table(folders: Folders, data: st.DataObject) -> None:
    columns = data.draw(
        st.lists(st.sampled_from(COLUMNS), min_size=1, max_size=3, unique_by=lambda column: column.name)
    )
    tables = folders.next()
    made = data.draw(parts(columns))
    tables.table("t", *made, dead={0: [0]} if data.draw(st.booleans()) else {})
    for _ in range(4):
        sql = f"select * from t where {data.draw(conditions(columns))}"
        whole = answer(tables, sql, prune=False)
        if whole is not None:
            assert answer(tables, sql, prune=True) == whole, sql


JOINS = ["join", "left join", "right join", "full join", "semi join", "anti join", "cross join", "positional join", ","]


@given(data=st.data())
def test_pruning_joins(folders: Folders, data: st.DataObject) -> None:
    few = [column for column in COLUMNS if column.name in ("i", "s", "d")]
    tables = folders.next()
    tables.table("t", *data.draw(parts(few)))
    tables.table("u", *data.draw(parts(few)))
    for _ in range(4):
        join = data.draw(st.sampled_from(JOINS))
        on = "" if join in ("cross join", "positional join", ",") else " on t.i = u.i"
        if on:
            on += " and " + data.draw(conditions(few, data.draw(st.sampled_from(["t.", "u."])), depth=1))
        sides = ["t."] if join in ("semi join", "anti join") else ["t.", "u."]
        where = " and ".join(data.draw(conditions(few, side)) for side in sides)
        sql = f"select * from t {join} u{on} where {where}"
        whole = answer(tables, sql.replace("*", "t.i, t.s, t.d"), prune=False)
        if whole is not None:
            assert answer(tables, sql.replace("*", "t.i, t.s, t.d"), prune=True) == whole, sql


SHAPES = [
    "select * from t where {}",
    "select * from t as x where {}",
    "select * from t as i where {}",
    "select * from t as x(p, s) where {}",
    "select i + 1 as s2, i as d2, s as i2 from t where {}",
    "select s as i, i as s from t where {}",
    "select count(*) as n from t where {}",
    "select i, count(*) as n from t where {} group by i",
    "select * from (select * from t where {}) where i is not null",
    "with c as (select * from t where {}) select * from c union all select * from c",
    "with t as (select * from t where {}) select * from t",
    "select * from t where i in (select i from t where {})",
    "select * from t a where exists (select 1 from t where {} and a.i = t.i)",
    "select * from t a where not exists (select 1 from t where {})",
    "select (select count(*) from t where {}) as n, i from t",
    "select * from t, lateral (select count(*) as n from t as v where v.i = t.i) as w where {}",
    "select * from t as a join t as b using (i) where {}",
    "select * from t natural join (select i, 1 as k from t) where {}",
    "select * from t where {} union select * from t where i > 0",
    "select * from t where {} except select * from t where i > 0",
    "select max(i) over () as m from t where {}",
    "select * from t where {} qualify row_number() over (order by i, s, d) = 1",
    "select * from t where true or {}",
    "select list_filter([1, 2, 3], i -> i > 1) as l from t where {}",
    "select * from t pivot (count(*) for i in (1, 2)) where s is not null or d is not null",
    "select * from range(3) as t(i), t as x where {}",
    "with recursive r as (select i, s from t where {} union select i + 1, s from r where i between -9 and 3) from r",
]


@given(data=st.data())
def test_pruning_statements_of_all_shapes(folders: Folders, data: st.DataObject) -> None:
    few = [column for column in COLUMNS if column.name in ("i", "s", "d")]
    tables = folders.next()
    tables.table("t", *data.draw(parts(few)))
    for shape in data.draw(st.lists(st.sampled_from(SHAPES), min_size=4, max_size=4)):
        prefix = data.draw(st.sampled_from(["", "", "t.", "x.", "i.", "a."]))
        sql = shape.format(data.draw(conditions(few, prefix)))
        whole = answer(tables, sql, prune=False)
        if whole is not None:
            assert answer(tables, sql, prune=True) == whole, sql


@given(data=st.data())
def test_pruning_by_parameters(folders: Folders, data: st.DataObject) -> None:
    columns = [column for column in COLUMNS if column.name in ("i", "s", "d", "f", "n", "t", "z", "b", "u", "c")]
    column = data.draw(st.sampled_from(columns))
    tables = folders.next()
    tables.table("t", *data.draw(parts([column])))
    operator = data.draw(st.sampled_from(["=", "<", "<=", ">", ">="]))
    value = data.draw(st.one_of(column.values, INTS, FLOATS, TEXT, AMOUNTS, DAYS, MOMENTS, st.booleans()))
    sql = f"select * from t where {column.name} {operator} $1"
    try:
        whole = sorted(map(repr, tables.query(sql, [value]).to_pylist()))
    except SupertableError:
        return
    assert sorted(map(repr, tables.query(sql, [value], prune=True).to_pylist())) == whole
