"""Comparisons of rows are as in standard SQL: a null may make them null. DuckDB compares them as structs."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest

import supertable
from supertable import Lake
from supertable.domain.errors import StatementRefused
from tests.support.budgets import chance

ROWS = [(1, 2), (None, 2), (None, 3), (4, None), (1, 1), (None, None), (4, 5)]
DAYS = [dt.date(2026, 1, day) for day in range(1, len(ROWS) + 1)]
T, F, N = True, False, None
Pair = tuple[int | None, int | None]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    with supertable.connect(tmp_path_factory.mktemp("lake")) as lake:
        lake.create_table_from("t", rows())
        yield lake


def rows() -> pa.Table:
    a, b = zip(*ROWS, strict=True)
    numbers = {name: pa.array(values, pa.int32()) for name, values in (("a", a), ("b", b), ("c", range(1, 8)))}
    return pa.table({**numbers, "day": DAYS})


def answers(lake: Lake, expression: str, parameters: Any = None) -> list[bool | None]:
    found = lake.sql(f"SELECT {expression} AS x FROM t ORDER BY c", parameters).arrow()["x"].to_pylist()
    return list(found)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("(a, b) NOT IN ((1, 2))", [F, N, T, T, T, N, T]),
        ("(a, b) IN ((1, 2))", [T, N, F, F, F, N, F]),
        ("(a, b) NOT IN ((4, NULL), (1, 1))", [T, N, N, N, F, N, N]),
        ("NOT ((a, b) IN ((4, NULL), (1, 1)))", [T, N, N, N, F, N, N]),
        ("(a, b) = (4, NULL)", [F, N, N, N, F, N, N]),
        ("(a, b) <> (4, NULL)", [T, N, N, N, T, N, N]),
        ("(a, b) <> (1, 2)", [F, N, T, T, T, N, T]),
        ("row(a, b) IN (row(c, 2), row(1, 1))", [T, N, F, N, T, N, F]),
        ("(a, (b, c)) = (1, (2, 1))", [T, F, F, F, F, F, F]),
        ("(c, (a, b)) <> (1, (1, NULL))", [N, T, T, T, T, T, T]),
        ("(a, b) = (1, 2) AND c = 1", [T, F, F, F, F, F, F]),
        ("c < 3 OR (a, b) NOT IN ((1, 2), (3, 3)) OR (b, a) <> (5, 4)", [T, T, T, T, T, N, T]),
        ("CASE (a, b) WHEN (4, 5) THEN true ELSE false END", [F, F, F, F, F, F, T]),
        ("(day, c) IN (('2026-01-01', 1), ('2026-01-02', 9))", [T, F, F, F, F, F, F]),
        ("[x FOR x IN [1, 2] IF (x, 1) NOT IN ((1, 1), (3, NULL))] = [2]", [T] * 7),
        ("(a, b) < (4, 1)", [T, N, N, N, T, N, F]),
        ("(a, b) >= (1, 2)", [T, N, N, T, F, N, T]),
        ("(a, b) <= (1, 2)", [T, N, N, F, T, N, F]),
        ("NOT (a, b) > (1, NULL)", [N, N, N, F, N, N, F]),
        ("(a, b, c) > (1, 2, 0) AND c < 5", [T, N, N, T, F, F, F]),
        ("(a, (b, c)) > (1, (1, 5))", [T, N, N, T, F, N, T]),
        ("(a, b) BETWEEN (1, 2) AND (4, 4)", [T, N, N, N, F, N, F]),
        ("(a, b) NOT BETWEEN (1, 2) AND (4, 4)", [F, N, N, N, T, N, T]),
        ("row(a) < row(2)", [T, N, N, F, T, N, F]),
        ("(a, b) IN (VALUES (1, 2), (NULL, 9))", [T, N, F, N, F, N, F]),
        ("(a, b) IS NOT DISTINCT FROM (4, NULL)", [F, F, F, T, F, F, F]),
        ("(random() < 2, b) IN ((true, 2), (true, 3))", [T, T, T, N, F, N, F]),
        ("((SELECT 1), b) NOT IN ((1, 2), (1, 3))", [F, F, F, N, T, N, T]),
    ],
)
def test_a_null_may_make_a_comparison_null(lake: Lake, expression: str, expected: list[bool | None]) -> None:
    assert answers(lake, expression) == expected


def test_parameters_and_conditions(lake: Lake) -> None:
    assert answers(lake, "(a, b) NOT IN ((?, ?), (?, ?))", [1, 2, 4, None]) == [F, N, N, N, T, N, N]
    assert answers(lake, "(day, c) = (?, ?)", ["2026-01-03", 3]) == [F, F, T, F, F, F, F]
    kept = lake.sql("SELECT c FROM t WHERE (a, b) NOT IN ((1, 2), (9, NULL)) ORDER BY c").arrow()
    assert kept["c"].to_pylist() == [4, 5, 7]
    joined = lake.sql("SELECT t.c FROM t JOIN t AS u ON (t.a, t.b) = (u.a, u.b) ORDER BY 1").arrow()
    assert joined["c"].to_pylist() == [1, 5, 7]


def test_a_delete_keeps_rows_for_which_the_comparison_is_null(lake: Lake) -> None:
    lake.create_table_from("deleted", rows())
    assert lake.delete("deleted", where="(a, b) NOT IN ((1, 2), (1, 1))").rows_deleted == 3
    assert lake.sql("SELECT c FROM deleted ORDER BY c").arrow()["c"].to_pylist() == [1, 2, 5, 6]


@pytest.mark.parametrize("length", [2, 50, 51, 400])
def test_random_lists_against_a_model(lake: Lake, length: int) -> None:
    dice = chance(f"lists of {length} rows")
    for nulls in (0, 1):
        listed = [drawn(dice) for _ in range(length - nulls)] + [(dice.randint(0, 9), None)] * nulls
        text = ", ".join(f"({sql_of(a)}, {sql_of(b)})" for a, b in listed)
        assert answers(lake, f"(a, b) IN ({text})") == [is_among(row, listed) for row in ROWS]


def drawn(dice: random.Random) -> Pair:
    return dice.randint(0, 9), dice.randint(0, 9)


def sql_of(value: int | None) -> str:
    return "NULL" if value is None else str(value)


def is_among(row: Pair, listed: list[Pair]) -> bool | None:
    """IN of standard SQL, in three-valued logic."""
    found = [is_equal(row, other) for other in listed]
    return T if T in found else N if N in found else F


def is_equal(row: Pair, other: Pair) -> bool | None:
    known = [one == two for one, two in zip(row, other, strict=True) if one is not None and two is not None]
    return F if F in known else T if len(known) == 2 else N


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("(a, b) = (1, 2, 3)", "2 columns cannot be compared with a row of 3"),
        ("(a, b) IN ((1, 2), (1, 2, 3))", "2 columns cannot be compared with a row of 3"),
        ("(a, b) IN (" + ", ".join(["(1, c)"] * 51) + ")", "too long or too complex"),
        ("(random(), b) IN ((1, c), (2, 3))", "too long or too complex"),
        ("(random(), b) < (1, c)", "too complex to order"),
        ("(a, b) > (1, 2, 3)", "2 columns cannot be compared with a row of 3"),
    ],
)
def test_what_cannot_be_compared_is_refused(lake: Lake, expression: str, message: str) -> None:
    with pytest.raises(StatementRefused, match=message):
        answers(lake, expression)


def test_deep_rows_are_compared(lake: Lake) -> None:
    left, right = ("(" * 150 + "a" + ", b)" * 150, "(" * 150 + "1" + ", 2)" * 150)
    assert answers(lake, f"{left} = {right}") == [T, N, F, F, F, N, F]
