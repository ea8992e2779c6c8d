"""Joins of tables of several large files, for which DuckDB reads the statistics of all of them first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

import supertable
from supertable import Lake

ROWS = 10_000
FIRST = date(2024, 1, 1)
STARTS = (0, ROWS - 1_000, 2 * ROWS - 2_000)
COUNT = 3 * ROWS - 3_000
"""Of ids: the last file begins again with the first of them."""


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """Two tables of three files. Each file replaces the last thousand rows of the one before, or the first of all."""
    home: Path = tmp_path_factory.mktemp("joins")
    with supertable.connect(home) as lake:
        for table in ("orders", "lines"):
            for first in STARTS:
                lake.write(table, _rows(table, first), mode="upsert", keys="id")
        yield lake


def _rows(table: str, first: int) -> pa.Table:
    """`file_index` is also the name that DuckDB gives the number of a file."""
    ids = [(first + n) % COUNT for n in range(ROWS)]
    values = {
        "id": ids,
        "file_index" if table == "orders" else "part": [n % 7 if n < 2 * ROWS else None for n in ids],
        "day": [FIRST + timedelta(days=n % 50) for n in ids],
        "text": [f"text {n % 5}" if n % 3 else None for n in ids],
        "amount": [float("nan") if n % 1_000 == 0 else n / 4 for n in ids],
    }
    return pa.table(values)


def _ids() -> list[int]:
    return sorted({n % COUNT for first in STARTS for n in range(first, first + ROWS)})


def _number(n: int) -> int | None:
    return n % 7 if n < 2 * ROWS else None


@pytest.mark.parametrize(
    ("condition", "kept"),
    [
        ("o.id = l.id", lambda _: True),
        ("o.id = l.id AND o.file_index = l.part", lambda n: _number(n) is not None),
        ("o.id = l.id AND o.day >= DATE '2024-02-01'", lambda n: n % 50 >= 31),
        ("o.id = l.id AND l.text IS NULL", lambda n: n % 3 == 0),
        ("o.id = l.id AND isnan(l.amount)", lambda n: n % 1_000 == 0),
        ("o.id = l.id AND l.part IS NULL", lambda n: _number(n) is None),
    ],
    ids=["keys", "names-of-virtual-columns", "days", "null-texts", "nan", "nulls"],
)
def test_joins_and_semi_joins_find_the_live_rows(lake: Lake, condition: str, kept: object) -> None:
    assert callable(kept)
    right = sum(1 for n in _ids() if kept(n))
    joined = f"SELECT count(*) AS n FROM orders o JOIN lines l ON {condition}"
    found = f"SELECT count(*) AS n FROM orders o WHERE EXISTS (SELECT 1 FROM lines l WHERE {condition})"
    missing = f"SELECT count(*) AS n FROM orders o WHERE NOT EXISTS (SELECT 1 FROM lines l WHERE {condition})"
    counts = [lake.sql(sql, engine="lite").fetchall()[0][0] for sql in (joined, found, missing)]
    assert counts == [right, right, len(_ids()) - right]


def test_groups_of_a_join_have_all_rows(lake: Lake) -> None:
    sql = "SELECT l.text, count(*) AS n FROM orders o JOIN lines l USING (id) GROUP BY ALL ORDER BY l.text NULLS FIRST"
    right = Counter(f"text {n % 5}" if n % 3 else "" for n in _ids())
    found = [(text or "", count) for text, count in lake.sql(sql, engine="lite").fetchall()]
    assert found == sorted(right.items())
