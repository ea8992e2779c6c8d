"""Random statements get the same answer from the engine, over Parquet files, as from SQLite over the same rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from random import Random

import pyarrow as pa
import pytest

from supertable.domain.errors import QueryFailed
from supertable.domain.schema.schemas import Schema
from supertable.domain.schema.types import DataType
from tests.support.budgets import BUDGET, SEED
from tests.support.oracles.portable_selects import SQLITE, PortableSelects
from tests.support.oracles.sqlite_side import SqliteSide, comparable, listed
from tests.support.parquet_tables import ParquetTables, schema_of

TABLES = ("t", "u", "w")
COLUMNS = "a INTEGER, b INTEGER, s TEXT"
WORDS = ["x", "y", "xy", "", "3", None]
MIXED = pa.schema([("a", pa.int64()), ("b", pa.int32()), ("s", pa.string())])
SMALL = pa.schema([("a", pa.int16()), ("b", pa.int64()), ("s", pa.string())])
NARROW = pa.schema([("a", pa.int32()), ("b", pa.int16()), ("s", pa.string())])

Row = tuple[int | None, int | None, str | None]


def rows_of(count: int, seed: str, grows: bool) -> list[Row]:
    """Few different texts, and nulls. `grows`: column a rises, so that its greatest values are in the last file."""
    random = Random(f"{SEED} {seed}")
    return [
        (
            None if random.random() < 0.1 else number if grows else random.randint(-5, 5),
            None if random.random() < 0.2 else random.choice([random.randint(-3, 9), 1_000 - number]),
            random.choice(WORDS),
        )
        for number in range(count)
    ]


def table(rows: list[Row], schema: pa.Schema) -> pa.Table:
    return pa.table([list(column) for column in zip(*rows, strict=True)], schema=schema)


def split(rows: list[Row], *sizes: int) -> Iterator[list[Row]]:
    for size in sizes:
        yield rows[:size]
        rows = rows[size:]


class Sides:
    """The same tables in Parquet files and in SQLite.

    t: four files with several row groups, dead rows, and a column that is null in one whole file. u: small numbers of
    other widths. w: both columns of numbers were widened, after two of its three files were written.
    """

    def __init__(self, lake: ParquetTables) -> None:
        self.lake = lake
        self.sqlite = SqliteSide()
        self._t()
        self._u()
        self._w()

    def _t(self) -> None:
        first, second, empty, last = split(rows_of(90, "t", grows=True), 30, 25, 5, 30)
        empty = [(None, b, s) for _, b, s in empty]
        schema = schema_of(MIXED.empty_table())
        dead = {0: [0, 3, 29], 3: [29]}
        files = [
            self.lake.write("t", table(rows, MIXED), schema, dead.get(number, ()), row_group_size=8)
            for number, rows in enumerate((first, second, empty, last))
        ]
        self.lake.add("t", files, schema)
        live = [row for number, row in enumerate(first) if number not in dead[0]]
        self.sqlite.add("t", COLUMNS, [*live, *second, *empty, *last[:-1]])

    def _u(self) -> None:
        rows = rows_of(14, "u", grows=False)
        self.lake.table("u", *(table(part, SMALL) for part in split(rows, 1, 6, 7)))
        self.sqlite.add("u", COLUMNS, rows)

    def _w(self) -> None:
        rows = rows_of(50, "w", grows=True)
        before = schema_of(NARROW.empty_table())
        kinds = {"a": DataType("int64"), "b": DataType("int32"), "s": DataType("string")}
        fields = tuple(replace(field, type=kinds[field.name]) for field in before.fields)
        after = Schema(2, fields, before.last_field_id)
        parts = list(split(rows, 20, 15, 15))
        files = [self.lake.write("w", table(part, NARROW), before, row_group_size=6) for part in parts[:2]]
        files.append(self.lake.write("w", table(parts[2], MIXED), after))
        self.lake.add("w", files, after, {before.id: before})
        self.sqlite.add("w", COLUMNS, rows)


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sides]:
    made = Sides(ParquetTables(tmp_path_factory.mktemp("lake") / "root"))
    yield made
    made.sqlite.close()


@pytest.mark.slow
@pytest.mark.timeout(3_600)
def test_sqlite_gives_the_same_answers(sides: Sides) -> None:
    ours, theirs = PortableSelects(SEED, TABLES), PortableSelects(SEED, TABLES, SQLITE)
    kinds: Counter[str] = Counter()
    for number in range(BUDGET.portable_selects):
        (sql, ordered), (sqlite_sql, _) = ours.statement(), theirs.statement()
        expected = sides.sqlite.ask(sqlite_sql)
        sides.lake.governed = number % 4 in (1, 2)
        try:
            found = listed(sides.lake.query(sql, prune=number % 2 == 0))
        except QueryFailed as error:
            assert ("out of" in str(error) and "range" in str(error)) or "verflow" in str(error), (sql, str(error))
            kinds["overflow"] += 1
            continue
        assert comparable(found, ordered) == comparable(expected, ordered), (sql, sqlite_sql)
        kinds.update(ours.kinds or {"plain"})
        kinds["with rows"] += bool(expected)
    print(f"\n{BUDGET.portable_selects:,} statements beside SQLite: {dict(kinds.most_common())}")
    assert kinds["overflow"] < BUDGET.portable_selects * 0.04
    assert kinds["with rows"] > BUDGET.portable_selects * 0.5


SAMPLES = [
    ("TABLESAMPLE reservoir(5 ROWS)", 5),
    ("TABLESAMPLE reservoir(5 ROWS) REPEATABLE (7)", 5),
    ("TABLESAMPLE reservoir(500 ROWS)", 86),
    ("TABLESAMPLE bernoulli(30%) REPEATABLE (7)", None),
    ("TABLESAMPLE system(30%)", None),
    ("USING SAMPLE 7", 7),
]


@pytest.mark.parametrize("governed", [False, True], ids=["whole", "governed"])
@pytest.mark.parametrize("clause", dict(SAMPLES))
def test_samples_hold_rows_of_the_table(sides: Sides, clause: str, governed: bool) -> None:
    sides.lake.governed = governed
    rows = Counter(sides.sqlite.ask("SELECT a, b, s FROM t"))
    first, again = (listed(sides.lake.query(f"SELECT a, b, s FROM t {clause}")) for _ in range(2))
    assert Counter(first) <= rows
    assert dict(SAMPLES)[clause] in (len(first), None)
    if "REPEATABLE" in clause:
        assert Counter(first) == Counter(again)
