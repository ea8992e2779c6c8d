"""Known faults of DuckDB with floats and with keys. `docs/duckdb-faults.md` lists each with its guard."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import supertable
from supertable import Lake
from tests.support.oracles.sqlite_side import listed


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    schema = pa.schema([("f", pa.float64())])
    with supertable.connect(home=tmp_path_factory.mktemp("lake")) as made:
        made.create_table("reals", schema)
        for values in ([1.0, math.nan, None], [-0.0, -math.inf]):
            made.write("reals", pa.table([values], schema=schema))
        yield made


def ask(lake: Lake, sql: str) -> list[tuple[Any, ...]]:
    return listed(lake.sql(sql).arrow())


REALS: dict[str, tuple[str, list[str | None]]] = {
    "above": ("f > 1.0", ["nan"]),
    "not": ("f <> 1.0", ["-0.0", "-inf", "nan"]),
    "at most": ("f <= 1.0", ["-0.0", "-inf", "1.0"]),
    "at most NaN": ("f <= 'nan'::DOUBLE", ["-0.0", "-inf", "1.0", "nan"]),
    "NaN": ("f = 'nan'::DOUBLE", ["nan"]),
    "distinct from NaN": ("f IS DISTINCT FROM 'nan'::DOUBLE", ["-0.0", "-inf", "1.0", None]),
    "zero": ("f = 0.0", ["-0.0"]),
    "zero of a list": ("f IN (0.0, 5)", ["-0.0"]),
}


@pytest.mark.parametrize("name", REALS)
def test_conditions_on_floats(lake: Lake, name: str) -> None:
    """duckdb#25521, #23921: statistics of Parquet say nothing of NaN, so files of the lake have none for floats."""
    condition, expected = REALS[name]
    found = ask(lake, f"SELECT f::VARCHAR AS f FROM reals WHERE {condition}")
    assert sorted(found, key=str) == sorted([(value,) for value in expected], key=str)


@pytest.mark.usefixtures("as_files")
def test_files_have_no_ranges_of_floats(tmp_path: Path) -> None:
    kinds = [pa.float64(), pa.float32(), pa.list_(pa.float64()), pa.struct([("x", pa.float64())]), pa.int64()]
    schema = pa.schema([(f"c{number}", kind) for number, kind in enumerate(kinds)])
    rows = pa.table([[1.0, math.nan], [1.0, math.nan], [[math.nan]] * 2, [{"x": 1.0}] * 2, [1, 2]], schema=schema)
    with supertable.connect(home=tmp_path) as lake:
        lake.create_table("t", schema)
        for _ in range(2):
            lake.write("t", rows)
        lake.table("t").compact(everything=True)
    files = list(tmp_path.rglob("*.parquet"))
    assert len(files) == 3
    for file in files:
        group = pq.read_metadata(file).row_group(0)
        known = [group.column(number).is_stats_set for number in range(group.num_columns)]
        assert known == [False, False, False, False, True]


KEYS: dict[str, tuple[pa.DataType, list[Any], str]] = {
    "binary": (pa.binary(), [b"a", b"\xff\x00", b"\\x61"], "k = '\\xFF\\x00'::BLOB"),
    "NaN": (pa.float64(), [2.5, math.nan, -math.inf], "k = 'nan'::DOUBLE"),
    "zero": (pa.float64(), [1.0, 0.0, 2.0], "k = '-0.0'::DOUBLE"),
    "large": (pa.uint64(), [1, 2**64 - 1, 2**63], "k = 18446744073709551615"),
    "nanoseconds": (
        pa.timestamp("ns"),
        [1, 1_700_000_000_000_000_001, 2],
        "k = TIMESTAMP_NS '2023-11-14 22:13:20.000000001'",
    ),
    "zoned": (
        pa.timestamp("us", "Europe/Berlin"),
        [dt.datetime(2024, 1, day, tzinfo=dt.UTC) for day in (1, 2, 3)],
        "k = TIMESTAMPTZ '2024-01-02 00:00:00+00'",
    ),
}


@pytest.mark.parametrize("numbering", ["v", "file_index", "file_row_number"])
@pytest.mark.parametrize("name", KEYS)
def test_keys_are_found(tmp_path_factory: pytest.TempPathFactory, name: str, numbering: str) -> None:
    """duckdb#23053 (bloom filters of binary columns) and conditions that are pushed into Arrow: look-ups, upserts and
    deletes by keys, also where a column has the name of one in which DuckDB numbers files or rows."""
    kind, keys, condition = KEYS[name]
    schema = pa.schema([("k", kind), (numbering, pa.int64())])
    with supertable.connect(home=tmp_path_factory.mktemp("lake")) as lake:
        lake.create_table("t", schema, keys=["k"])
        lake.write("t", pa.table([keys, [1, 2, 3]], schema=schema))
        assert ask(lake, f'SELECT "{numbering}" FROM t WHERE {condition}') == [(2,)]
        lake.write("t", pa.table([[keys[1]], [20]], schema=schema))
        assert ask(lake, f'SELECT "{numbering}" FROM t ORDER BY 1') == [(1,), (3,), (20,)]
        assert lake.delete("t", keys=pa.table([[keys[1], keys[2]]], schema=schema.remove(1))).rows_deleted == 2
        assert ask(lake, f'SELECT "{numbering}" FROM t') == [(1,)]
