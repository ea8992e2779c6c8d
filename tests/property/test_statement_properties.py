"""Random statements get the same answer from the engine as from the reference over the same rows.

This covers the replacement of names in the tree, its rendering to SQL, deletion vectors, and tables of several files.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from supertable.domain.errors import StatementRefused, SupertableError
from tests.support.oracles.reference import Reference
from tests.support.parquet_tables import ParquetTables

T = pa.table(
    {
        "a": pa.array([1, 2, 2, 3, None, 5, 6], pa.int64()),
        "b": pa.array([10, 20, 20, None, 50, 60, 60], pa.int64()),
        "s": ["x", "y", None, "x", "", "it's", "ü"],
        "n": [Decimal("1.5"), Decimal("2.5"), None, Decimal(0), Decimal("-1.5"), Decimal(9), Decimal("1.5")],
    }
)
U = pa.table(
    {"a": pa.array([2, 3, 3, 7], pa.int64()), "b": pa.array([20, 1, None, 7], pa.int64()), "s": ["y", "x", "q", None]}
)
NUMBERS, TEXTS = ("a", "b"), ("s",)


class Sql:
    """Generates statements. Every query has the columns a, b and s, so that any can replace any other."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw
        self._names = 0

    def pick(self, *options: Any) -> Any:
        return self._draw(st.sampled_from(options))

    def name(self) -> str:
        self._names += 1
        return self.pick(f"q{self._names}", f'"Q {self._names}"', f"t{self._names}")

    def statement(self) -> str:
        return self.query({"t", "u"}, 3)

    def query(self, tables: set[str], depth: int, outer: tuple[str, ...] = ()) -> str:
        form = self.pick("select", "select", "select", "with", "setop", "values", "recursive") if depth else "select"
        if form == "with":
            return self.with_query(tables, depth, outer)
        if form == "setop":
            operator = self.pick("union", "union all", "except", "intersect", "except all", "intersect all")
            sides = (self.query(tables, depth - 1, outer) for _ in range(2))
            return f" {operator} ".join(f"({side})" for side in sides)
        if form == "values":
            return "select * from (values (1, 20, 'x'), (null, 2, 'y'), (3, 1e1::bigint, null)) v(a, b, s)"
        if form == "recursive":
            name = self.name()
            return (
                f"with recursive {name} as (select 1::bigint a, b, s from ({self.query(tables, depth - 1, outer)}) z "
                f"union {self.pick('', 'all')} select a + 1, b, s from {name} where a < 3) select a, b, s from {name}"
            )
        return self.select(tables, depth, outer)

    def with_query(self, tables: set[str], depth: int, outer: tuple[str, ...]) -> str:
        parts, known = [], set(tables)
        for name in dict.fromkeys(self.pick("t", "u", self.name()) for _ in range(self.pick(1, 2))):
            how = self.pick("", "", "materialized", "not materialized")
            parts.append(f"{name} as {how} ({self.query(known, depth - 1, outer)})")
            known = known | {name}
        return f"with {', '.join(parts)} ({self.query(known, depth - 1, outer)})"

    def select(self, tables: set[str], depth: int, outer: tuple[str, ...]) -> str:
        source, aliases = self.source(tables, depth, outer, self.pick(1, 1, 2, 3))
        names = (*aliases, *outer)
        where = f" where {self.condition(tables, depth, names)}" if self.pick(0, 1) else ""
        if self.pick(0, 0, 1):
            return self.grouped(source, aliases, where, tables, depth, names)
        distinct = self.pick("", "", "distinct ")
        columns = f"{self.number(names, depth)} as a, {self.number(names, depth)} as b, {self.text(names)} as s"
        order = " order by all limit 3" if self.pick(0, 0, 1) else ""
        qualify = ""
        if self.pick(0, 0, 0, 1):
            first = aliases[0]
            qualify = (
                f" qualify row_number() over (partition by {first}.s order by {first}.a, {first}.b, {first}.s) <= 2"
            )
        if len(aliases) > 1 and qualify:
            qualify = ""
        return f"select {distinct}{columns} from {source}{where}{qualify}{order}"

    def grouped(
        self, source: str, aliases: tuple[str, ...], where: str, tables: set[str], depth: int, names: tuple[str, ...]
    ) -> str:
        key = f"{aliases[0]}.s"
        measure = self.pick(
            f"sum({self.number(aliases, 0)})",
            f"count({self.pick('', 'distinct ')}{aliases[-1]}.a)",
            f"max({aliases[-1]}.b) filter (where {aliases[0]}.a > 1)",
            "count(*)",
        )
        having = f" having {measure} > 1" if self.pick(0, 1) else ""
        by = self.pick(key, "all", f"rollup ({key})", f"grouping sets (({key}), ())") if not where else key
        columns = f"{measure}::bigint as a, count(*)::bigint as b, {key} as s"
        return f"select {columns} from {source}{where} group by {by}{having}"

    def source(
        self, tables: set[str], depth: int, outer: tuple[str, ...], count: int, comma: tuple[str, ...] = (",",)
    ) -> tuple[str, tuple[str, ...]]:
        if count == 1:
            return self.one_source(tables, depth, outer)
        left, before = self.source(tables, depth, outer, 1)
        right, after = self.source(tables, depth, (), count - 1, ())
        kind = self.pick("join", "left join", "right join", "full join", "cross join", *comma)
        if count > 2 and self.pick(0, 1):
            right = f"({right})"
        if kind in ("cross join", ","):
            return f"{left} {kind} {right}", before + after
        column = self.pick("a", "b", "s")
        return f"{left} {kind} {right} on {before[0]}.{column} = {after[0]}.{column}", before + after

    def one_source(self, tables: set[str], depth: int, outer: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
        alias = self.name()
        if depth and self.pick(0, 1):
            return f"({self.query(tables, depth - 1)}) {self.pick('as ', '')}{alias}", (alias,)
        table = self.pick(*sorted(tables))
        if self.pick(0, 0, 1):
            return f"(select a, b, s from {table}) {alias}(a, b, s)", (alias,)
        return f"{table} as {alias}", (alias,)

    def number(self, names: tuple[str, ...], depth: int) -> str:
        column = f"{self.pick(*names)}.{self.pick(*NUMBERS)}"
        deep = "subquery" if depth else "column"
        form = self.pick("column", "column", "sum", "constant", "case", "function", "lambda", deep)
        if form == "sum":
            return f"({column} {self.pick('+', '-', '*')} {self.pick(*names)}.{self.pick(*NUMBERS)})"
        if form == "constant":
            return self.pick("1", "-2", "(3)", "1e1::bigint", "null::bigint", "2 - -3", "7 // 2", "length('a''b')")
        if form == "case":
            return f"case when {column} > 2 then {column} else {self.pick('0', 'null', column)} end"
        if form == "function":
            call = self.pick("coalesce({}, 0)", "abs({})", "greatest({}, 2)", "nullif({}, 2)", "{}::int::bigint", "-{}")
            return str(call.format(column))
        if form == "lambda":
            return f"list_sum(list_transform([1, null, {column}], lambda x: x - {self.pick(*names)}.a))::bigint"
        inner, table, call = self.name(), self.pick("t", "u"), self.pick("max", "count", "sum")
        return f"(select {call}({inner}.a)::bigint from {table} {inner} where {inner}.b = {column})"

    def text(self, names: tuple[str, ...]) -> str:
        column = f"{self.pick(*names)}.s"
        return str(
            self.pick(column, column, f"upper({column})", f"({column} || 'é')", f"coalesce({column}, '')", "'a\"b'")
        )

    def condition(self, tables: set[str], depth: int, names: tuple[str, ...]) -> str:
        column = f"{self.pick(*names)}.{self.pick(*NUMBERS)}"
        form = self.pick(
            "compare", "compare", "null", "list", "like", "and", "not", "exists" if depth else "null", "in"
        )
        if form == "compare":
            return f"{column} {self.pick('=', '<', '<=', '>', '<>', 'is distinct from')} {self.number(names, 0)}"
        if form == "null":
            return f"{column} is {self.pick('', 'not ')}null"
        if form == "list":
            return f"{column} {self.pick('', 'not ')}in (1, 2, {self.number(names, 0)})"
        if form == "like":
            pattern = self.pick("'x%'", "'%'", "'_'")
            return f"{self.text(names)} {self.pick('like', 'not like', 'ilike')} {pattern}"
        if form == "and":
            sides = (self.condition(tables, 0, names) for _ in range(2))
            return f"({self.pick(' and ', ' or ').join(sides)})"
        if form == "not":
            return f"not ({self.condition(tables, 0, names)})"
        if form == "in":
            table = self.pick(*sorted(tables))
            return f"{column} {self.pick('', 'not ')}in (select z.a from {table} z where z.a is not null)"
        inner = self.query(tables, 0, names)
        return f"{self.pick('', 'not ')}exists ({inner})"


@st.composite
def statements(draw: st.DrawFn) -> str:
    return Sql(draw).statement()


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> ParquetTables:
    made = ParquetTables(tmp_path_factory.mktemp("lake") / "root")
    made.table("t", T.slice(0, 3), pa.concat_tables([T.slice(3), T]), dead={1: list(range(4, 11))})
    made.table("u", U.slice(0, 1), U.slice(1, 1), U.slice(2))
    return made


@pytest.fixture(scope="module")
def plain() -> Iterator[Reference]:
    made = Reference({"t": T, "u": U})
    yield made
    made.close()


def rows(table: pa.Table) -> list[str]:
    return sorted(map(repr, table.to_pylist()))


@given(sql=statements())
def test_random_statements(tables: ParquetTables, plain: Reference, sql: str) -> None:
    try:
        expected = plain.ask(sql)
    except duckdb.Error as error:
        with pytest.raises(SupertableError):
            tables.query(sql)
        assert not isinstance(error, duckdb.InternalException), error
        return
    try:
        whole, pruned = tables.query(sql), tables.query(sql, prune=True)
    except StatementRefused as error:
        assert "subquery in parentheses" in str(error), sql
        return
    assert rows(whole) == rows(expected), sql
    assert rows(pruned) == rows(expected), sql
    assert [str(kind) for kind in whole.schema.types] == [str(kind) for kind in expected.schema.types]
