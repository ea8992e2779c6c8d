"""Answers over files with narrow ranges, as literals: a file that has matching rows is always read."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import supertable
from supertable.domain.errors import InvalidInput
from supertable.entrypoints.sdk.lakes.lake import Lake

COLUMNS: dict[str, tuple[pa.DataType, list[Any]]] = {
    "f": (pa.float64(), [1.0, 2.0, 15.0, 1.5]),
    "i": (pa.int64(), [2**53, 2**53 + 1, 5, 10**18]),
    "d": (pa.decimal128(38, 2), [Decimal("1.50"), Decimal("1E+30"), Decimal("15.00"), Decimal("0.01")]),
    "s": (pa.string(), ["1", "05", "10", "7"]),
}


@pytest.fixture
def lake(home: Path) -> Iterator[Lake]:
    """Tables of these names, with a column `v` and a file for each value."""
    with supertable.connect(home=home) as lake:
        for name, (kind, values) in COLUMNS.items():
            lake.create_table(name, pa.schema([("v", kind)]))
            for value in values:
                lake.write(name, pa.table({"v": pa.array([value], kind)}))
        yield lake


ANSWERS: list[tuple[str, str, list[Any], list[Any]]] = [
    ("f", "v > 1.5::DOUBLE", [], [2.0, 15.0]),
    ("f", "v = 1.5::DOUBLE", [], [1.5]),
    ("f", "v IN (1.5::DOUBLE, 2)", [], [1.5, 2.0]),
    ("f", "v BETWEEN 1.25::DOUBLE AND CAST(1.75 AS DOUBLE)", [], [1.5]),
    ("f", "v < 1.5::DOUBLE", [], [1.0]),
    ("f", "v = CAST($1 AS DOUBLE) OR v > CAST(1 + 1 AS DOUBLE)", [1.5], [1.5, 15.0]),
    ("i", "v BETWEEN 9007199254740993 AND 1e17", [], [2**53, 2**53 + 1]),
    ("i", "v BETWEEN $1 AND $2", [2**53 + 1, 1e17], [2**53, 2**53 + 1]),
    ("i", "v > 9007199254740992", [], [2**53 + 1, 10**18]),
    ("i", "v = 9007199254740993.0", [], [2**53 + 1]),
    ("s", "v BETWEEN '1' AND '9'", [], ["1", "10", "7"]),
    ("d", "v = $1", [Decimal("1E+30")], [Decimal("1E+30")]),
    ("d", "v < $1", [Decimal("1E+1")], [Decimal("0.01"), Decimal("1.50")]),
    ("d", "v > $1", [Decimal("1E-3")], [Decimal("0.01"), Decimal("1.50"), Decimal("15.00"), Decimal("1E+30")]),
    ("d", "v IN ($1, $2)", [Decimal("1E+30"), Decimal("1.5")], [Decimal("1.50"), Decimal("1E+30")]),
]


@pytest.mark.parametrize(("table", "condition", "parameters", "expected"), ANSWERS, ids=str)
def test_answers(lake: Lake, table: str, condition: str, parameters: list[Any], expected: list[Any]) -> None:
    found = lake.sql(f"SELECT v FROM {table} WHERE {condition} ORDER BY v", parameters).arrow()["v"].to_pylist()
    assert found == expected


@pytest.mark.parametrize(
    ("table", "condition", "expected"),
    [(name, text, kept) for name, text, given, kept in ANSWERS if not given],
    ids=str,
)
def test_deletes(lake: Lake, table: str, condition: str, expected: list[Any]) -> None:
    assert lake.delete(table, where=condition).rows_deleted == len(expected)
    left = [value for value in COLUMNS[table][1] if value not in expected]
    assert sorted(lake.sql(f"SELECT v FROM {table}").arrow()["v"].to_pylist()) == sorted(left)


@pytest.mark.parametrize("kind", [pa.date32(), pa.timestamp("us"), pa.timestamp("ns"), pa.time64("us")], ids=str)
def test_a_typed_null_equals_nothing(lake: Lake, kind: pa.DataType) -> None:
    lake.create_table("n", pa.schema([("v", kind)]))
    lake.write("n", pa.table({"v": pa.array([0, None], kind)}))
    for condition in ("v = NULL::DATE", "v IN (NULL::DATE)", "v BETWEEN NULL::DATE AND NULL"):
        condition = condition.replace("DATE", "TIME") if pa.types.is_time(kind) else condition
        assert lake.sql(f"SELECT v FROM n WHERE {condition}").arrow().num_rows == 0


def test_parameters_without_an_exact_value(lake: Lake) -> None:
    for value in (Decimal("NaN"), Decimal("1E+38"), 2**128, "\ud800", {1}):
        with pytest.raises(InvalidInput, match=r"Parameter \$1"):
            lake.sql("SELECT v FROM d WHERE v = $1", [value])
    with pytest.raises(InvalidInput, match=r"Parameter \$limit"):
        lake.sql("SELECT v FROM d WHERE v = $limit", {"limit": 2**128})
