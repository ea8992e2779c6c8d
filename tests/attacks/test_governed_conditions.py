"""Under a role, the exact part of a statement's conditions is applied by file ranges and by SQL of ours: both must keep
the rows that the condition itself keeps."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

import supertable
from supertable import Lake

DAY = datetime(2024, 1, 1)
SOON = DAY + timedelta(microseconds=1)
UTC_DAYS = [DAY.replace(tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC)]
COLUMNS: dict[str, tuple[pa.DataType, list[Any]]] = {
    "i": (pa.int64(), [-(2**63), -1, 0, 5, 2**63 - 1, None]),
    "u": (pa.uint64(), [0, 1, 5, 2**64 - 1, 7, None]),
    "f": (pa.float32(), [-1.5, 0.1, float("nan"), float("inf"), 5.0, None]),
    "d": (pa.float64(), [-1.5, 0.1, float("nan"), float("-inf"), 5.0, None]),
    "n": (pa.decimal128(12, 2), [Decimal("-1.25"), Decimal(0), Decimal("5.00"), Decimal("9999999999.99"), None, None]),
    "s": (pa.string(), ["", "EU", "EU-1", "éü", "\U0010ffff", None]),
    "b": (pa.bool_(), [True, False, None, True, False, None]),
    "day": (pa.date32(), [date(1, 1, 1), date(1969, 12, 31), date(2024, 1, 1), date(9999, 12, 31), None, None]),
    "t": (
        pa.timestamp("us"),
        [DAY, SOON, DAY - timedelta(1), datetime(1, 1, 1), None, None],
    ),
    "ms": (pa.timestamp("ms"), [DAY, DAY + timedelta(seconds=1), DAY - timedelta(1), datetime(1, 1, 1), None, None]),
    "ns": (pa.timestamp("ns"), [DAY, DAY + timedelta(seconds=1), DAY - timedelta(1), datetime(1970, 1, 1), None, None]),
    "z": (
        pa.timestamp("us", "UTC"),
        [*UTC_DAYS, None, None, None, None],
    ),
    "c": (pa.time64("us"), [time(0), time(12), time(23, 59, 59, 999_999), None, None, None]),
}
CONSTANTS = {
    "i": ["0", "5", "-1", "2.5", "9223372036854775808", "-170141183460469231731687303715884105728"],
    "u": ["0", "5", "18446744073709551615", "-1"],
    "f": ["0.1", "5", "1e10", "'NaN'::FLOAT", "0.10000000149011612"],
    "d": ["0.1", "5", "1e300", "-1.5"],
    "n": ["5", "5.001", "-1.25", "99999999999.99", "0.0"],
    "s": ["'EU'", "''", "'é'", "'zz'"],
    "b": ["true", "false"],
    "day": ["DATE '2024-01-01'", "'1969-12-31'", "TIMESTAMP '2024-01-01 12:00:00'", "DATE '0001-01-01'"],
    "t": ["TIMESTAMP '2024-01-01'", "'2024-01-01 00:00:00.000001'", "DATE '2024-01-01'"],
    "ms": ["TIMESTAMP '2024-01-01'", "TIMESTAMP '2024-01-01 00:00:00.0005'"],
    "ns": [
        "TIMESTAMP '2024-01-01'",
        "DATE '1970-01-01'",
        "TIMESTAMP_NS '2024-01-01 00:00:00.000000001'",
        "TIMESTAMP_NS '1677-09-21 00:12:43.145224194'",
        "TIMESTAMP_NS '2262-04-11 23:47:16.854775806'",
    ],
    "z": ["TIMESTAMPTZ '2024-01-01 00:00:00+00'", "TIMESTAMPTZ '2024-01-01 01:00:00+01'"],
    "c": ["TIME '12:00:00'"],
}
CONDITIONS = [
    f"{column} {operator} {constant}"
    for column, constants in CONSTANTS.items()
    for constant in constants
    for operator in ("=", "<", ">=")
]
CONDITIONS += [f"{column} IS NULL" for column in COLUMNS] + [f"{column} IS NOT NULL" for column in COLUMNS]
CONDITIONS += [
    "s LIKE 'EU%'",
    "s IN ('EU', NULL, 'x')",
    "i IN (5, 0) OR n = 5",
    "i BETWEEN -1 AND 5 AND s >= ''",
    "b",
    "NOT b",
    "s LIKE '\U0010ffff%'",
    "day = t",
]


@pytest.fixture(scope="module")
def lakes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Lake, Lake]]:
    home = tmp_path_factory.mktemp("lake")
    rows = pa.table({name: pa.array(values, kind) for name, (kind, values) in COLUMNS.items()})
    with supertable.connect(home) as owner:
        owner.create_table("t", rows.schema)
        for start in range(rows.num_rows):  # a file for each row, so that pruning by ranges matters
            owner.write("t", rows.slice(start, 1))
        owner.roles.create("everything", "reader")
        owner.roles.grant("everything", "t", where="i IS NULL OR i IS NOT NULL")
        with supertable.connect(home, role="everything") as governed:
            yield owner, governed


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_condition_keeps_the_same_rows_for_a_role(lakes: tuple[Lake, Lake], condition: str) -> None:
    owner, governed = lakes
    columns = ", ".join(f"{name}::VARCHAR AS {name}" for name in COLUMNS)
    sql = f"SELECT {columns} FROM t WHERE {condition} AND ['1']::INT[] IS NOT NULL"
    everything = owner.sql(f"SELECT {columns}, ({condition}) AS kept FROM t").arrow()
    kept = everything.filter(everything["kept"]).drop_columns(["kept"])
    assert _sorted(governed.sql(sql).arrow()) == _sorted(kept)


def _sorted(table: pa.Table) -> list[str]:
    return sorted(map(repr, table.to_pylist()))
