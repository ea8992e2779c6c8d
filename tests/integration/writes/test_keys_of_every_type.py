"""Keys of every type are found by single lookups, upserts and deletes, whatever other columns are named.

Some have bloom filters in their files; DuckDB 1.5 did not find keys of type binary by those.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from math import inf, nan
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import supertable

KEYS: dict[str, tuple[pa.DataType, list[Any]]] = {
    "binary": (pa.binary(), [b"a", b"\x00\xff", b"", b"k" * 40]),
    "text": (pa.string(), ["a", "", "é", "k" * 40]),
    "float": (pa.float64(), [1.5, nan, -0.0, inf]),
    "nanoseconds": (pa.timestamp("ns"), [1, 2_000_000_001, -5, 10**18]),
    "zoned": (pa.timestamp("us", "UTC"), [1, 2_000_001, -5, 10**15]),
    "unsigned": (pa.uint64(), [0, 2**63, 2**64 - 1, 7]),
    "date": (pa.date32(), [0, 1, -5, 20_000]),
    "decimal": (pa.decimal128(38, 2), [Decimal("1.00"), Decimal(f"-{'9' * 36}.99"), Decimal("0.01"), Decimal("5.00")]),
}


@pytest.mark.parametrize("other", ["plain", "file_index", "file_row_number"])
@pytest.mark.parametrize("kind", KEYS)
def test_upserts_and_deletes_find_their_keys(tmp_path: Path, kind: str, other: str) -> None:
    type_, values = KEYS[kind]

    def rows(keys: list[Any], value: int) -> pa.Table:
        return pa.table({"k": pa.array(keys, type_), "v": [value] * len(keys), other: [9] * len(keys)})

    with supertable.connect(str(tmp_path)) as lake:
        lake.create_table_from("t", rows(values, 1), keys=["k"])
        lake.write("t", rows(values[1:3], 2), mode="upsert")
        assert sorted(lake.sql("SELECT v FROM t").arrow()["v"].to_pylist()) == [1, 1, 2, 2]
        lake.delete("t", keys=rows(values[:2], 0).select(["k"]))
        assert sorted(lake.sql("SELECT v FROM t").arrow()["v"].to_pylist()) == [1, 2]


@pytest.mark.parametrize("other", ["plain", "file_index"])
def test_single_keys_are_looked_up(tmp_path: Path, other: str) -> None:
    """By a parameter and by a literal."""
    found: dict[str, list[tuple[Any, str]]] = {
        "binary": [(b"\x00\xff", "'\\x00\\xFF'::BLOB"), (b"a", "x'61'"), (b"", "''::BLOB")],
        "text": [("é", "'é'")],
        "float": [(nan, "'nan'::DOUBLE"), (0.0, "0"), (1.5, "1.5::DOUBLE"), (inf, "'inf'::DOUBLE")],
        "zoned": [(datetime(1970, 1, 1, 0, 0, 2, 1, UTC), "'1970-01-01 00:00:02.000001+00'")],
        "unsigned": [(2**64 - 1, "18446744073709551615"), (2**63, "9223372036854775808")],
        "decimal": [(Decimal("0.01"), "0.01")],
    }
    with supertable.connect(str(tmp_path)) as lake:
        for kind, wanted in found.items():
            type_, values = KEYS[kind]
            lake.create_table_from(kind, pa.table({"k": pa.array(values, type_), other: [9] * 4}), keys=["k"])
            for value, literal in wanted:
                for sql, parameters in ((f"k = {literal}", []), ("k = ?", [value])):
                    answer = lake.sql(f'SELECT count(*) AS n FROM "{kind}" WHERE {sql}', parameters).arrow()
                    assert answer["n"].to_pylist() == [1], (kind, sql, value)
