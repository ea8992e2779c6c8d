"""Random statements get the same answer from SPARK as from SQLite over the same rows, or are refused by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from supertable.domain.errors import NotOnSpark
from supertable.entrypoints.sdk.lakes.lake import Lake
from tests.property.test_portable_selects import COLUMNS, MIXED, NARROW, SMALL, TABLES, rows_of, split, table
from tests.support.budgets import BUDGET, SEED
from tests.support.oracles.portable_selects import SQLITE, PortableSelects
from tests.support.oracles.sqlite_side import SqliteSide, comparable, listed


@pytest.fixture(scope="module")
def sqlite(lake: Lake) -> Iterator[SqliteSide]:
    """The tables of `lake` in SQLite.

    t: dead rows, and a column that is null in one of two files. u: several small commits. w: widened columns.
    """
    side = SqliteSide()
    _dirty(lake, side)
    rows = rows_of(14, "u", grows=False)
    for part in split(rows, 1, 6, 7):
        lake.write("u", table(part, SMALL))
    side.add("u", COLUMNS, rows)
    rows = rows_of(50, "w", grows=True)
    old, new = split(rows, 35, 15)
    lake.write("w", table(old, NARROW))
    lake.sql("ALTER TABLE w ALTER a TYPE BIGINT")
    lake.sql("ALTER TABLE w ALTER b TYPE INTEGER")
    lake.write("w", table(new, MIXED))
    side.add("w", COLUMNS, rows)
    yield side
    side.close()


def _dirty(lake: Lake, side: SqliteSide) -> None:
    first, empty = split(rows_of(90, "t", grows=True), 60, 30)
    rows = [*first, *((None, b, s) for _, b, s in empty)]
    dead = {0, 3, 59, 60, 89}
    numbers = list(range(len(rows)))
    for part, places in zip(split(rows, 60, 30), (numbers[:60], numbers[60:]), strict=True):
        lake.write("t", table(part, MIXED).append_column("place", [places]))
    lake.sql("DELETE FROM t WHERE place IN (0, 3, 59, 60, 89)")
    lake.sql("ALTER TABLE t DROP COLUMN place")
    side.add("t", COLUMNS, [row for place, row in enumerate(rows) if place not in dead])


@pytest.mark.slow
@pytest.mark.timeout(7_200)
def test_sqlite_gives_the_same_answers(lake: Lake, sqlite: SqliteSide) -> None:
    ours, theirs = PortableSelects(SEED, TABLES), PortableSelects(SEED, TABLES, SQLITE)
    outcomes: Counter[str] = Counter()
    for _ in range(BUDGET.spark_selects):
        (sql, ordered), (sqlite_sql, _) = ours.statement(), theirs.statement()
        try:
            found = listed(lake.sql(sql, engine="spark").to_arrow())
        except NotOnSpark:
            outcomes["refused"] += 1
            continue
        assert comparable(found, ordered) == comparable(sqlite.ask(sqlite_sql), ordered), (sql, sqlite_sql)
        outcomes["same"] += 1
    print(f"\n{BUDGET.spark_selects} statements on SPARK beside SQLite: {dict(outcomes)}")
