"""Constants in conditions of ours are exact, however many digits they have."""

from __future__ import annotations

import pytest

from supertable.adapters.engines.duckdb.scan.predicate_sql import constant_sql, residual_sql
from supertable.domain.scan.predicates import Compare
from supertable.domain.schema.schemas import Schema
from supertable.domain.schema.types import DataType, Field

WIDE = DataType("decimal", 38, 6)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (12345678901234567890123456789012345678, "12345678901234567890123456789012.345678"),
        (-(10**38 - 1), "-99999999999999999999999999999999.999999"),
        (7, "0.000007"),
    ],
)
def test_decimals(value: int, text: str) -> None:
    assert constant_sql(WIDE, value) == f"CAST('{text}' AS DECIMAL(38,6))"
    schema = Schema(1, (Field(1, "d", WIDE),), 1)
    assert residual_sql(Compare("d", "=", value), schema) == f"(\"d\" = CAST('{text}' AS DECIMAL(38,6)))"
