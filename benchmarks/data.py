"""Random rows for the benchmarks, the same in every run."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

SCHEMA = pa.schema(
    [
        ("id", pa.int64()),
        ("customer", pa.string()),
        ("region", pa.string()),
        ("amount", pa.float64()),
        ("ordered_at", pa.timestamp("us")),
    ]
)
_CUSTOMERS = pa.array([f"customer-{number}" for number in range(50_000)])
_REGIONS = pa.array(["north", "east", "south", "west"])


def orders(ids: np.ndarray, seed: int) -> pa.Table:
    """A table of orders with one row for each id."""
    random = np.random.default_rng(seed)
    rows = len(ids)
    return pa.table(
        [
            pa.array(ids, pa.int64()),
            _CUSTOMERS.take(pa.array(random.integers(0, len(_CUSTOMERS), rows))),
            _REGIONS.take(pa.array(random.integers(0, len(_REGIONS), rows))),
            pa.array(random.random(rows) * 1000),
            pa.array(random.integers(1_600_000_000, 1_700_000_000, rows) * 1_000_000).cast(pa.timestamp("us")),
        ],
        schema=SCHEMA,
    )


def some_ids(count: int, below: int, seed: int) -> np.ndarray:
    """Distinct ids below `below`, in random order."""
    return np.random.default_rng(seed).choice(below, count, replace=False)


def clean_file(rows: pa.Table, path: Path) -> Path:
    """One Parquet file of the rows in their order, as DuckDB writes it, for comparisons with DuckDB.

    By default pyarrow makes row groups of a million rows, in which DuckDB finds a row three times as slowly.
    """
    with duckdb.connect() as plain:
        plain.register("given", rows)
        plain.execute(f"COPY given TO '{path}' (FORMAT parquet)")
    return path
