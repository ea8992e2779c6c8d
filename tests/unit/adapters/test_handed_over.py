"""Objects that are handed over to a cluster for the time of one query."""

from __future__ import annotations

import io
import os
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from supertable.adapters.engines.spark.relations.handed_over import HandedOver
from supertable.adapters.object_stores.local.local_store import LocalObjectStore


def test_bitmaps_are_words_of_which_bit_i_is_row_i(tmp_path: Path) -> None:
    store = LocalObjectStore(tmp_path)
    handed = HandedOver(store, set())
    dead = {0, 7, 8, 63, 64, 69}
    bitmap = bytes(sum(1 << (7 - bit) for bit in range(8) if 8 * byte + bit in dead) for byte in range(9))
    found = pq.read_table(io.BytesIO(store.read(handed.bitmaps("org", {"a.parquet": bitmap})) or b""))
    assert found["f"].to_pylist() == ["a.parquet"]
    words = found["w"][0].as_py()
    assert {row for row in range(128) if (words[row // 64] >> (row % 64)) & 1} == dead


def test_they_go_at_the_end_and_what_others_left_goes_a_day_later(tmp_path: Path) -> None:
    store = LocalObjectStore(tmp_path)
    left, new = (HandedOver(store, set()).rows("org", pa.table({"a": [1]})) for _ in range(2))
    os.utime(tmp_path / left, times=(time.time() - 90_000,) * 2)
    swept: set[str] = set()
    handed = HandedOver(store, swept)
    own = handed.rows("org", pa.table({"a": [1]}))
    handed.close()
    handed.close()
    assert [store.size(key) is not None for key in (left, new, own)] == [False, True, False]
    assert swept == {"org"}
