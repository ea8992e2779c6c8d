"""Known faults of DuckDB, by the statements that showed them. `docs/duckdb-faults.md` lists each with its guard.

The values are literal: worked out by hand from the rows, not asked of any engine.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest

import supertable
from supertable import Lake
from tests.support.oracles.sqlite_side import listed

Answer = list[tuple[Any, ...]]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """Tables of several files: the number of writes is the number of files."""
    with supertable.connect(home=tmp_path_factory.mktemp("lake")) as made:
        make(made, "rising", [("n", pa.int64())], *({"n": list(range(at, at + 10))} for at in (0, 10, 20)))
        make(made, "narrow", [("n", pa.int16())], {"n": [1, 2]})
        make(made, "widened", [("n", pa.int32())], {"n": list(range(100))}, {"n": list(range(100, 200))})
        made.table("widened").widen_column("n", pa.int64())
        made.write("widened", pa.table({"n": pa.array([-5_000_000_000, 5_000_000_000], pa.int64())}))
        make(
            made,
            "prices",
            [("id", pa.int64()), ("price", pa.int64()), ("discount", pa.int64())],
            {"id": [1, 2, 3], "price": [10, None, 5], "discount": [1, 2, None]},
            {"id": [4, 5], "price": [30, 20], "discount": [1, 3]},
        )
        make(made, "offers", [("id", pa.int64()), ("price", pa.int64())], {"id": [1, 2], "price": [10, 7]})
        make(made, "gaps", [("i", pa.int64())], {"i": [None, None]}, {"i": [7, 8]})
        pairs = [("a", pa.int64()), ("b", pa.int64())]
        make(made, "pairs", pairs, {"a": [1, 2, 3, None], "b": [1, 2, None, 4]})
        make(made, "other", pairs, {"a": [1, None], "b": [1, 4]})
        make(made, "left_side", [("id", pa.int64()), ("n", pa.int64())], {"id": [1, 2, 3], "n": [None, 2, 3]})
        make(made, "right_side", [("id", pa.int64()), ("n", pa.int64())], {"id": [2, 3, 4], "n": [2, 99, None]})
        make(made, "reals", [("f", pa.float64())], {"f": [1.0, math.nan, None]}, {"f": [-0.0, -math.inf]})
        yield made


def make(lake: Lake, name: str, columns: list[tuple[str, pa.DataType]], *parts: dict[str, list[Any]]) -> None:
    schema = pa.schema(columns)
    lake.create_table(name, schema)
    for part in parts:
        lake.write(name, pa.table(part, schema=schema))


def ask(lake: Lake, sql: str) -> Answer:
    return listed(lake.sql(sql).arrow())


TOP = {
    "a cast": ("SELECT n::INT AS c FROM rising ORDER BY c DESC LIMIT 4", [29, 28, 27, 26]),
    "TRY_CAST": ("SELECT TRY_CAST(n AS INT) AS c FROM rising ORDER BY c DESC LIMIT 4", [29, 28, 27, 26]),
    "a cast, with WHERE": ("SELECT n::INT AS c FROM rising WHERE n > 1 ORDER BY c DESC LIMIT 4", [29, 28, 27, 26]),
    "a cast in a group": (
        "SELECT n::SMALLINT AS c FROM rising GROUP BY c ORDER BY c DESC LIMIT 4",
        [29, 28, 27, 26],
    ),
    "a cast in ORDER BY only": ("SELECT n FROM rising ORDER BY n::INT DESC LIMIT 4", [29, 28, 27, 26]),
    "a union of two widths": (
        "SELECT n FROM (SELECT n FROM rising UNION ALL SELECT n FROM narrow) ORDER BY n DESC LIMIT 4",
        [29, 28, 27, 26],
    ),
    "a limit within a set operation": (
        (
            "(SELECT n::INT AS n FROM rising ORDER BY n DESC LIMIT 3) UNION ALL (SELECT n FROM narrow) "
            "ORDER BY n DESC LIMIT 4"
        ),
        [29, 28, 27, 2],
    ),
    "a limit within EXCEPT": (
        "SELECT n FROM rising EXCEPT (SELECT n::INT FROM rising ORDER BY 1 DESC LIMIT 26) ORDER BY n DESC LIMIT 9",
        [3, 2, 1, 0],
    ),
    "a widened column": ("SELECT n FROM widened ORDER BY n LIMIT 3", [-5_000_000_000, 0, 1]),
    "a widened column, from the top": (
        "SELECT n FROM widened ORDER BY n DESC LIMIT 3",
        [5_000_000_000, 199, 198],
    ),
    "a widened column, through a cast": (
        "SELECT n::INT AS c FROM widened WHERE abs(n) < 1000 ORDER BY c DESC LIMIT 3",
        [199, 198, 197],
    ),
}


@pytest.mark.parametrize("name", TOP)
def test_the_first_rows_by_a_converted_column(lake: Lake, name: str) -> None:
    """duckdb#25158, #22924: filters that top-N pushes into scans had the bytes of another type."""
    sql, expected = TOP[name]
    assert ask(lake, sql) == [(value,) for value in expected]


QUALIFY: dict[str, tuple[str, Answer]] = {
    "an expression that is null": (
        (
            "SELECT id FROM prices QUALIFY row_number() OVER (ORDER BY price - discount DESC NULLS LAST, id) <= 5 "
            "ORDER BY id"
        ),
        [(1,), (2,), (3,), (4,), (5,)],
    ),
    "the first by an expression": (
        "SELECT id FROM prices QUALIFY row_number() OVER (ORDER BY price - discount DESC) = 1",
        [(4,)],
    ),
    "nulls first": (
        "SELECT id FROM prices QUALIFY row_number() OVER (ORDER BY price - discount NULLS FIRST, id) <= 2 ORDER BY id",
        [(2,), (3,)],
    ),
    "an expression that is null everywhere": (
        (
            "SELECT id, price FROM offers QUALIFY row_number() OVER "
            "(PARTITION BY id ORDER BY TRY_CAST(price::VARCHAR || 'x' AS INT) DESC) = 1 ORDER BY id"
        ),
        [(1, 10), (2, 7)],
    ),
    "an order by null": (
        "SELECT id FROM prices QUALIFY row_number() OVER (PARTITION BY id ORDER BY NULL) <= 7 ORDER BY id",
        [(1,), (2,), (3,), (4,), (5,)],
    ),
    "no rows": ("SELECT price FROM prices WHERE id > 9 QUALIFY row_number() OVER (ORDER BY id) <= 1", []),
    "no rows of a count": (
        (
            "WITH s AS (SELECT count(*) AS n FROM prices) "
            "SELECT * FROM s WHERE n > 5 QUALIFY row_number() OVER (ORDER BY n) = 1"
        ),
        [],
    ),
    "NaN": (
        "SELECT f::VARCHAR FROM reals QUALIFY row_number() OVER (ORDER BY f DESC NULLS LAST) <= 2 ORDER BY 1",
        [("1.0",), ("nan",)],
    ),
}


@pytest.mark.parametrize("name", QUALIFY)
def test_the_first_rows_of_a_window(lake: Lake, name: str) -> None:
    """duckdb#23675, #23676, #23677, #24363, #25888: windows rewritten as aggregates that drop nulls."""
    sql, expected = QUALIFY[name]
    assert ask(lake, sql) == expected


NULLS: dict[str, tuple[str, Answer]] = {
    "a file that is all null": ("SELECT i FROM gaps WHERE i IS DISTINCT FROM 7 ORDER BY i", [(8,), (None,), (None,)]),
    "a file that is all null, negated": ("SELECT i FROM gaps WHERE NOT (i IS NOT DISTINCT FROM 7) AND i > 0", [(8,)]),
    "equal or both null, selected": (
        "SELECT a, b, a = b OR (a IS NULL AND b IS NULL) AS same FROM pairs ORDER BY a",
        [(1, 1, True), (2, 2, True), (3, None, None), (None, 4, None)],
    ),
    "equal or both null, negated": (
        "SELECT count(*) FROM pairs WHERE NOT (a = b OR (a IS NULL AND b IS NULL))",
        [(0,)],
    ),
    "rows not in rows": ("SELECT a, b FROM pairs WHERE (a, b) NOT IN (SELECT a, b FROM other)", [(2, 2)]),
    "rows in rows": (
        "SELECT a, (a, b) IN (SELECT a, b FROM other) AS found FROM pairs ORDER BY a",
        [(1, True), (2, False), (3, None), (None, None)],
    ),
    "EXISTS below an outer join": (
        (
            "SELECT l.id, EXISTS (SELECT 1 FROM right_side AS x WHERE x.id = l.id AND r.n <> x.id) AS found "
            "FROM left_side AS l LEFT JOIN right_side AS r ON r.id = l.id AND r.n > 2 ORDER BY l.id"
        ),
        [(1, False), (2, False), (3, True)],
    ),
    "EXISTS in a derived table": (
        (
            "SELECT count(*) FROM prices AS p WHERE EXISTS (SELECT 1 FROM (SELECT p.id AS i, x.discount AS d FROM "
            "prices AS x WHERE p.price > x.price) AS q WHERE q.d <> p.price)"
        ),
        [(2,)],
    ),
    "an outer join and IS NOT DISTINCT FROM": (
        (
            "SELECT count(*) FROM left_side AS l LEFT JOIN right_side AS r ON l.id = r.id "
            "WHERE l.n IS NOT DISTINCT FROM r.n"
        ),
        [(2,)],
    ),
    "a filter above the limit of an outer join": (
        (
            "SELECT * FROM (SELECT l.id, r.n FROM left_side AS l LEFT JOIN right_side AS r ON l.id = r.id "
            "ORDER BY r.n NULLS FIRST, l.id LIMIT 1) WHERE n < 100"
        ),
        [],
    ),
    "IS NULL above an outer join": (
        (
            "SELECT l.id, q.id FROM left_side AS l LEFT JOIN (SELECT r.id, x.n FROM right_side AS r LEFT JOIN "
            "left_side AS x ON x.id = r.id) AS q ON q.id = l.id WHERE q.n IS NULL ORDER BY l.id"
        ),
        [(1, None)],
    ),
    "an empty correlated count": (
        (
            "SELECT l.id, (SELECT regr_count(1.0, 1.0) FROM right_side AS r WHERE r.id = l.id) AS n "
            "FROM left_side AS l ORDER BY l.id"
        ),
        [(1, 0), (2, 1), (3, 1)],
    ),
    "two subqueries in VALUES": (
        (
            "SELECT * FROM (VALUES ((SELECT count(*) FROM left_side WHERE n > 1)), "
            "((SELECT count(*) FROM left_side WHERE n > 2))) AS s(v)"
        ),
        [(2,), (1,)],
    ),
}


@pytest.mark.parametrize("name", NULLS)
def test_nulls_in_conditions_joins_and_subqueries(lake: Lake, name: str) -> None:
    """duckdb#22267, #22418, #23688, #23691, #23979, #24049, #24540, #24542."""
    sql, expected = NULLS[name]
    assert ask(lake, sql) == expected


def test_random_numbers_are_drawn_once(lake: Lake) -> None:
    """duckdb#24302: a plan that reads a subquery twice draws its random numbers twice."""
    sample = "SELECT 1 AS g, n FROM widened WHERE random() < 0.5"
    sums = f"SELECT n, sum(n) OVER (PARTITION BY g) AS part FROM ({sample})"
    for _ in range(5):
        sql = f"SELECT bool_and(part = whole) FROM (SELECT part, sum(n) OVER () AS whole FROM ({sums}))"
        assert ask(lake, sql) == [(True,)]


def test_an_approximate_count_is_near(lake: Lake) -> None:
    """In DuckDB 1.5 it was up to 27 percent off."""
    ((found,),) = ask(lake, "SELECT approx_count_distinct(a.n * 1000 + b.n) FROM rising AS a, widened AS b")
    assert abs(found / 6_060 - 1) < 0.12
