"""A table of orders, which the tests of the Python API write and read."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from supertable.entrypoints.sdk.lakes.lake import Lake

ORDERS = pa.schema([("id", pa.int64()), ("region", pa.string()), ("price", pa.float64())])


def orders(*rows: tuple[int, str | None, float | None]) -> pa.Table:
    return pa.table([list(column) for column in zip(*rows, strict=True)] if rows else [[], [], []], schema=ORDERS)


def rows(lake: Lake, sql: str = "SELECT * FROM orders ORDER BY ALL") -> list[tuple[Any, ...]]:
    table = lake.sql(sql).arrow()
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))
