"""A lake of an older version, whose binary keys have bloom filters: DuckDB 1.5.5 did not find most keys by those.

The archive has the table `one`, of three files, with the keys below and their places among them, and the table `two`,
with each key twice.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

import supertable
from supertable.entrypoints.sdk.lakes.lake import Lake

ARCHIVE = Path(__file__).parent / "older" / "binary-keys-2026-11.tar.gz"
KEYS = [
    *(b"", b"a", b"\x00", b"\x00\xff", b"\xff\xfe", b"\\x41", b"A", b"'quoted'", b"k" * 40),
    *("é".encode(), b"tail\x00"),
]
MISSING = [b"\x01", b"k" * 39, b"\\x42", b"tail"]


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(tmp_path, filter="data")
    with supertable.connect(tmp_path / "home") as lake:
        yield lake


def values(lake: Lake, sql: str, parameters: Any = None) -> list[Any]:
    return list(lake.sql(sql, parameters).arrow()["v"].to_pylist())


def rows_of(keys: list[bytes], value: int) -> pa.Table:
    return pa.table({"k": pa.array(keys, pa.binary()), "v": [value] * len(keys)})


def test_the_files_have_bloom_filters(lake: Lake, tmp_path: Path) -> None:
    files = [str(path) for path in (tmp_path / "home").rglob("*.parquet")]
    sql = "SELECT bloom_filter_length FROM parquet_metadata($1) WHERE path_in_schema = 'k'"
    with duckdb.connect() as connection:
        found = connection.execute(sql, [files]).fetchall()
    assert [length > 0 for (length,) in found] == [True] * 4


def test_each_key_is_found_alone_and_among_others(lake: Lake) -> None:
    for at, key in enumerate(KEYS):
        literal = "".join(f"\\x{byte:02X}" for byte in key)
        assert values(lake, "SELECT v FROM one WHERE k = ?", [key]) == [at]
        assert values(lake, f"SELECT v FROM one WHERE k = '{literal}'::BLOB") == [at]
        assert values(lake, "SELECT v FROM two WHERE k = ? AND n = 2", [key]) == [at + len(KEYS)]
    assert values(lake, "SELECT v FROM one WHERE k IN (?, ?, ?) ORDER BY v", [KEYS[3], KEYS[9], MISSING[0]]) == [3, 9]
    for key in MISSING:
        assert values(lake, "SELECT v FROM one WHERE k = ?", [key]) == []


def test_each_key_is_replaced_once(lake: Lake) -> None:
    for key in KEYS:
        result = lake.write("one", rows_of([key], 100), mode="upsert")
        assert (result.rows_updated, result.rows_inserted) == (1, 0)
    added = lake.write("one", rows_of(MISSING, 200), mode="upsert")
    assert (added.rows_updated, added.rows_inserted) == (0, len(MISSING))
    assert values(lake, "SELECT v FROM one ORDER BY v") == [100] * len(KEYS) + [200] * len(MISSING)


def test_each_key_is_deleted(lake: Lake) -> None:
    for at, key in enumerate(KEYS[:6]):
        assert lake.delete("one", keys=rows_of([key], 0).select(["k"])).rows_deleted == 1
        assert values(lake, "SELECT v FROM one ORDER BY v") == list(range(at + 1, len(KEYS)))
    both = pa.table({"k": pa.array(KEYS, pa.binary()), "n": pa.array([2] * len(KEYS), pa.int32())})
    assert lake.delete("two", keys=both).rows_deleted == len(KEYS)
    assert lake.delete("two", where="k = '\\xFF\\xFE'::BLOB").rows_deleted == 1
    assert values(lake, "SELECT v FROM two ORDER BY v") == [0, 1, 2, 3, 5, 6, 7, 8, 9, 10]


def test_a_compaction_keeps_each_key(lake: Lake) -> None:
    lake.table("one").compact(everything=True)
    for at, key in enumerate(KEYS):
        assert values(lake, "SELECT v FROM one WHERE k = ?", [key]) == [at]
    assert lake.fsck().sound
