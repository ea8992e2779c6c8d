"""ORDER BY … LIMIT over one table reads the files that can hold the first rows, and counts read none."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import supertable

FILES, ROWS = 12, 6
TYPES = {
    "id": pa.int64(),
    "n": pa.int32(),
    "f": pa.float64(),
    "d": pa.decimal128(12, 3),
    "day": pa.date32(),
    "placed": pa.timestamp("us"),
    "s": pa.string(),
    "b": pa.bool_(),
}


def row(number: int) -> dict[str, Any]:
    """Rows of one file are near each other in `n`, `f`, `day` and `s`; every seventh has nulls, file 5 a NaN."""
    near = number // ROWS * 100 + number % ROWS
    if number % 7 == 3:
        return {"id": number, **dict.fromkeys([name for name in TYPES if name != "id"])}
    return {
        "id": number,
        "n": near - 400,
        "f": math.nan if number == 5 * ROWS else -math.inf if number == 8 * ROWS else near / 7,
        "d": Decimal(near * 37 % 1000) / 8,
        "day": dt.date(2020, 1, 1) + dt.timedelta(days=-near),
        "placed": dt.datetime(2020, 1, 1) + dt.timedelta(seconds=near),
        "s": f"{'x' * 70}{near:05}" if number % 2 else f"text {near:05}",
        "b": near % 2 == 0,
    }


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[supertable.Lake]:
    home: Path = tmp_path_factory.mktemp("first")
    with supertable.connect(home=home) as lake:
        for file in range(FILES):
            rows = [row(number) for number in range(file * ROWS, (file + 1) * ROWS)]
            lake.write("t", pa.table({name: [one[name] for one in rows] for name in TYPES}, schema=pa.schema(TYPES)))
        lake.delete("t", where="id IN (0, 1, 2, 71, 70)")
        lake.sql("ALTER TABLE t ALTER COLUMN n TYPE BIGINT")
        lake.sql("ALTER TABLE t RENAME COLUMN s TO text")
        lake.roles.create("even", "reader")
        lake.roles.grant("even", "t", where="b")
        yield lake


def live() -> list[dict[str, Any]]:
    return [row(number) for number in range(FILES * ROWS) if number not in (0, 1, 2, 71, 70)]


def files_read(lake: supertable.Lake, sql: str) -> int:
    plan = str(lake.sql(f"EXPLAIN {sql}").arrow().to_pylist())
    found = re.search(r"SCAN t version \d+: (\d+) of 12 files", plan)
    assert found, plan
    return int(found[1])


def key(value: Any, descending: bool, nulls_first: bool) -> tuple[int, Any]:
    """A sort key in which NaN is above all numbers and nulls are where they belong."""
    if value is None:
        return (-1 if nulls_first else 1), 0
    if isinstance(value, dt.datetime):
        value = (value - dt.datetime(1970, 1, 1)) // dt.timedelta(microseconds=1)
    if isinstance(value, dt.date):
        value = value.toordinal()
    if isinstance(value, str):
        points = [ord(character) for character in value]
        return 0, [-point for point in points] + [1] if descending else points
    above = (1, 0) if isinstance(value, float) and math.isnan(value) else (0, value)
    return 0, tuple(-part for part in above) if descending else above


@pytest.mark.parametrize("column", TYPES)
def test_the_first_rows_are_those_of_a_sort_in_python(lake: supertable.Lake, column: str) -> None:
    name = "text" if column == "s" else column
    for descending in (False, True):
        for nulls_first in (False, True):
            for limit, offset in ((1, 0), (3, 2), (9, 0), (66, 0), (500, 3)):
                order = f"{name} {'DESC' if descending else 'ASC'} NULLS {'FIRST' if nulls_first else 'LAST'}"
                sql = f"SELECT {name} FROM t ORDER BY {order} LIMIT {limit} OFFSET {offset}"
                found = [key(one[name], descending, nulls_first) for one in lake.sql(sql).arrow().to_pylist()]
                keys = sorted(key(one[column], descending, nulls_first) for one in live())
                assert found == keys[offset : offset + limit], sql


@pytest.mark.parametrize(
    ("sql", "most"),
    [
        ("SELECT * FROM t ORDER BY n LIMIT 2", 2),
        ("SELECT id, n + 1 AS m FROM t AS x ORDER BY x.n DESC, id LIMIT 3", 2),
        ("SELECT n, id FROM t ORDER BY 1 LIMIT 2", 2),
        ("SELECT id AS n FROM t ORDER BY n DESC LIMIT 2", 2),
        ("SELECT n FROM t ORDER BY n NULLS FIRST LIMIT 11", 10),
        ("SELECT day FROM t ORDER BY day LIMIT 2", 2),
        ("SELECT * FROM (SELECT id, placed FROM t ORDER BY placed DESC LIMIT 4) WHERE id > 3", 2),
        ("WITH w AS (SELECT id FROM t ORDER BY id LIMIT 2) SELECT count(id) FROM w", 2),
        ("SELECT f FROM t ORDER BY f LIMIT 1", 3),
    ],
)
def test_few_files_are_read(lake: supertable.Lake, sql: str, most: int) -> None:
    assert 1 <= files_read(lake, sql) <= most


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM t WHERE b ORDER BY n LIMIT 2",
        "SELECT n FROM t GROUP BY n ORDER BY n LIMIT 2",
        "SELECT DISTINCT n FROM t ORDER BY n LIMIT 2",
        "SELECT -n AS n FROM t ORDER BY n LIMIT 2",
        "SELECT max(n) AS n FROM t ORDER BY n LIMIT 1",
        "SELECT unnest([n, n]) AS n FROM t ORDER BY n LIMIT 3",
        "SELECT n, row_number() OVER (ORDER BY id) FROM t ORDER BY n LIMIT 2",
        "SELECT n FROM t ORDER BY n + 1 LIMIT 2",
        "SELECT n FROM t ORDER BY text COLLATE NOCASE LIMIT 2",
        "SELECT n FROM t ORDER BY n LIMIT 10 %",
        "SELECT n FROM t ORDER BY n",
        "SELECT n FROM t LIMIT 2",
        "SELECT n FROM t USING SAMPLE 3 ROWS ORDER BY n LIMIT 2",
        "SELECT n FROM t QUALIFY row_number() OVER (ORDER BY id) > 3 ORDER BY n LIMIT 2",
        "SELECT text FROM t ORDER BY text LIMIT 2",
        "SELECT x.n FROM t AS x JOIN (VALUES (1)) AS y(n) ON x.n > y.n ORDER BY x.n LIMIT 2",
    ],
)
def test_all_files_are_read_where_other_rows_may_be_needed(lake: supertable.Lake, sql: str) -> None:
    assert files_read(lake, sql) == FILES


def test_an_alias_that_hides_a_column_orders_by_its_expression(lake: supertable.Lake) -> None:
    known = [one["n"] for one in live() if one["n"] is not None]
    found = lake.sql("SELECT -n AS n FROM t ORDER BY n LIMIT 3").arrow().to_pylist()
    assert [one["n"] for one in found] == sorted(-value for value in known)[:3]


def test_a_role_that_sees_some_rows_gets_the_first_of_these(lake: supertable.Lake) -> None:
    expected = sorted(one["n"] for one in live() if one["n"] is not None and one["b"])[:2]
    with supertable.connect(home=lake.settings.home, role="even") as limited:
        found = limited.sql("SELECT n FROM t ORDER BY n LIMIT 2").arrow().to_pylist()
    assert [one["n"] for one in found] == expected


def test_counts_of_whole_tables_are_exact(lake: supertable.Lake) -> None:
    for sql in ("SELECT count(*) AS c FROM t", "SELECT 1 + count(*) - 1 AS c FROM t", "SELECT sum(1) AS c FROM t"):
        assert lake.sql(sql).arrow().to_pylist() == [{"c": len(live())}]
    assert lake.sql("SELECT count(*) AS c FROM t WHERE id < 10").arrow().to_pylist() == [{"c": 7}]
