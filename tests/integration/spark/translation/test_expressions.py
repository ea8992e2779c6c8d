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


UTC = dt.UTC
KNOWN: list[tuple[str, Any]] = [
    ("7 // -2", -3),
    ("-7 % 3", -1),
    ("a // 0", None),
    ("a / 4", 1.75),
    ("1e0 / 0", float("inf")),
    ("2.5::double::int", 2),
    ("3.5::double::int", 4),
    ("2.5::decimal(3,1)::int", 3),
    ("round(2.5::double)", 3.0),
    ("round(2.675::double, 2)", 2.67),
    ("round(-0.4::double)", -0.0),
    ("1.10 + 2.2", Decimal("3.30")),
    ("1.10 * 2.2", Decimal("2.420")),
    ("substring('hello', 2, 3)", "ell"),
    ("left('hello', -2)", "hel"),
    ("right('hello', -2)", "llo"),
    ("length('日本')", 2),
    ("upper('ünï')", "ÜNÏ"),
    (r"'a\b' like 'a\b'", True),
    (r"'it''s \\ ${x} -- /*'", r"it's \\ ${x} -- /*"),
    ("concat('a', null)", "a"),
    ("'a' || null", None),
    ("dayofweek(date '2024-03-03')", 0),
    ("isodow(date '2024-03-03')", 7),
    ("week(date '2021-01-03')", 53),
    ("date_diff('month', date '2024-01-31', date '2024-02-01')", 1),
    ("date '2024-01-31' + interval 1 month", dt.datetime(2024, 2, 29)),
    ("date_trunc('week', date '2024-03-03')", dt.date(2024, 2, 26)),
    ("timestamp '2024-03-03 04:05:06.789'::varchar", "2024-03-03 04:05:06.789"),
    ("time '01:02:03.4'", dt.time(1, 2, 3, 400_000)),
    ("18446744073709551615::ubigint", 2**64 - 1),
    ("[1, null] = [1, null]", True),
    ("[1, null] < [2]", True),
    ("list_contains([1, null], 2)", False),
    ("'nan'::double > 'inf'::double", True),
    ("{'x': [1.5], 'y': null::date}", {"x": [Decimal("1.5")], "y": None}),
    ("timestamptz '2024-03-03 04:05:06+02'", dt.datetime(2024, 3, 3, 2, 5, 6, tzinfo=UTC)),
]
"""Expressions with the values that they have by hand. `a` is 7, so that DuckDB cannot compute them."""


def test_values_are_right(session: SparkSession, translate: Translating) -> None:
    """Constants that would be computed before Spark gets them are taken from a table."""
    items = ", ".join(f"{sql} as e{i}" for i, (sql, _) in enumerate(KNOWN))
    (row,) = session.run(translate(f"select {items} from (values (7)) t(a)")).to_pylist()
    wrong = [(sql, row[f"e{i}"]) for i, (sql, right) in enumerate(KNOWN) if repr(row[f"e{i}"]) != repr(right)]
    assert not wrong
