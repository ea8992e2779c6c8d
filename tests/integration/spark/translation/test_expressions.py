"""Each expression that is translated has the value that DuckDB gives, on edge values of each type.

A fifth of the groups and statements in turn; `BUDGET=soak`: all.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from tests.integration.spark.translation.matrix import GROUPS, STATEMENTS, statement
from tests.servers.spark_thrift import SparkThrift
from tests.support.budgets import todays
from tests.support.oracles.reference import Reference
from tests.support.spark_translation import SparkSession, Translating

Row = tuple[Any, ...]


@pytest.fixture(scope="module")
def session(spark: SparkThrift) -> Iterator[SparkSession]:
    made = SparkSession(spark.port)
    yield made
    made.close()


@pytest.fixture(scope="module")
def translate() -> Iterator[Translating]:
    made = Translating({})
    yield made
    made.close()


@pytest.fixture(scope="module")
def reference() -> Iterator[Reference]:
    made = Reference({})
    made.run("SET lambda_syntax = 'ENABLE_SINGLE_ARROW'")
    yield made
    made.close()


def rows(table: pa.Table) -> list[str]:
    """As texts, which tell -0.0 from 0.0."""
    return sorted(repr(row) for row in zip(*(column.to_pylist() for column in table.columns), strict=True))


@pytest.mark.parametrize("group", todays(list(GROUPS), "expressions on Spark"))
def test_values_are_those_of_duckdb(
    session: SparkSession, translate: Translating, reference: Reference, group: str
) -> None:
    sql = statement(group)
    found, right = session.run(translate(sql)), reference.ask(sql)
    assert found.schema == right.schema
    if rows(found) != rows(right):
        names = [
            name for name in right.column_names if rows(found.select(["a", name])) != rows(right.select(["a", name]))
        ]
        wrong = [GROUPS[group][1][int(name[1:])] for name in names if name[1:].isdecimal()]
        pytest.fail(f"{wrong}\n{sorted(set(rows(found)) ^ set(rows(right)))[:4]}")


@pytest.mark.parametrize("name", todays(list(STATEMENTS), "statements on Spark"))
def test_statements_answer_as_in_duckdb(session: SparkSession, translate: Translating, name: str) -> None:
    """With its optimizer, which computes averages of decimals in another way."""
    found = session.run(translate(STATEMENTS[name]))
    with duckdb.connect() as database:
        right = database.sql(STATEMENTS[name]).to_arrow_table()
    assert [field.type for field in found.schema] == [field.type for field in right.schema]
    pairs = zip(
        zip(*found.to_pydict().values(), strict=True), zip(*right.to_pydict().values(), strict=True), strict=True
    )
    assert len(found) == len(right)
    assert not [pair for pair in pairs if repr(pair[0]) != repr(pair[1])]


KNOWN_ROW = (
    "(values (7, 0, 2.5::double, 2.675::double, -0.4::double, 'hello', 'ünï', 'a\\b', date '2024-01-31',"
    " date '2024-03-03', timestamp '2024-03-03 04:05:06.789', [1, null], 18446744073709551615::ubigint, 1.10))"
    " t(a, z, x, y, w, h, u, b, d, e, ts, l, big, m)"
)
KNOWN: list[tuple[str, Any]] = [
    ("a // -2", -3),
    ("-a % 3", -1),
    ("a // z", None),
    ("a / 4", 1.75),
    ("x / z", float("inf")),
    ("x::int", 2),
    ("(x + 1)::int", 4),
    ("round(x)", 3.0),
    ("round(y, 2)", 2.67),
    ("round(w)", -0.0),
    ("m + 2.2", Decimal("3.30")),
    ("m * 2.2", Decimal("2.420")),
    ("substring(h, 2, 3)", "ell"),
    ("left(h, -2)", "hel"),
    ("right(h, -2)", "llo"),
    ("length(u)", 3),
    ("upper(u)", "ÜNÏ"),
    ("b like 'a\\b'", True),
    ("h || '''\\ ${x} -- /*'", "hello'\\ ${x} -- /*"),
    ("concat(h, null)", "hello"),
    ("dayofweek(e)", 0),
    ("isodow(e)", 7),
    ("week(e)", 9),
    ("date_diff('month', d, date '2024-02-01')", 1),
    ("d + interval 1 month", dt.datetime(2024, 2, 29)),
    ("ts::varchar", "2024-03-03 04:05:06.789"),
    ("ts::time", dt.time(4, 5, 6, 789_000)),
    ("big", 2**64 - 1),
    ("l = [1, null]", True),
    ("l < [2]", True),
    ("l < [1]", False),
    ("list_contains(l, 2)", False),
    ("{'x': [m], 'y': null::date}", {"x": [Decimal("1.10")], "y": None}),
]
"""Expressions of a row, with the values that they have by hand. Constants alone would be computed by DuckDB."""


def test_values_are_right(session: SparkSession, translate: Translating) -> None:
    items = ", ".join(f"{sql} as e{i}" for i, (sql, _) in enumerate(KNOWN))
    (row,) = session.run(translate(f"select {items} from {KNOWN_ROW}")).to_pylist()
    wrong = [(sql, row[f"e{i}"]) for i, (sql, right) in enumerate(KNOWN) if repr(row[f"e{i}"]) != repr(right)]
    assert not wrong
