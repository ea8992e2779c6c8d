"""Lists of plain literals, read at once: the values that DuckDB compares with, or none where one is not plain."""

from __future__ import annotations

from typing import Any

import pytest

from supertable.adapters.engines.duckdb.statement.conditions.literals import plain_values
from supertable.domain.schema.types import DataType


def literals(*written: tuple[str, str]) -> list[dict[str, Any]]:
    return [{"class": "CONSTANT", "literal": {"kind": kind, "text": text}} for kind, text in written]


ONE, TWO, NULL, TEXT = ("INTEGER", "1"), ("INTEGER", "-2"), ("NULL_LITERAL", ""), ("STRING", "1")


@pytest.mark.parametrize(
    ("kind", "written", "expected"),
    [
        ("int32", [ONE, TWO, ONE], (1, -2, 1)),
        ("uint8", [ONE, NULL], (1,)),
        ("int64", [NULL], ()),
        ("int64", [("INTEGER", str(2**63 - 1)), ("INTEGER", str(1 - 2**63))], (2**63 - 1, 1 - 2**63)),
        ("int64", [ONE, ("INTEGER", str(2**63))], None),
        ("int64", [ONE, ("INTEGER", str(-(2**63)))], None),
        ("int64", [ONE, ("INTEGER", "1_000")], None),
        ("int64", [ONE, ("NUMERIC", "1.5")], None),
        ("int64", [ONE, TEXT], None),
        ("string", [TEXT, ("STRING", ""), NULL, ("STRING", "NULL")], ("1", "", "NULL")),
        ("string", [TEXT, ONE], None),
        ("float64", [ONE], None),
        ("date", [("STRING", "2024-05-01")], None),
        ("bool", [("BOOLEAN", "true")], None),
    ],
    ids=str,
)
def test_plain_literals_are_read_at_once(kind: str, written: list[tuple[str, str]], expected: Any) -> None:
    assert plain_values(DataType(kind), literals(*written)) == expected


def test_an_expression_is_no_plain_literal() -> None:
    assert plain_values(DataType("int64"), [*literals(ONE), {"class": "CAST"}]) is None
