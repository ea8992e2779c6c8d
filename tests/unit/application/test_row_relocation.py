"""Which rows died, or came back, while their files were rewritten; and where they went."""

from __future__ import annotations

import numpy as np

from supertable.application.maintenance.row_relocation import newly_dead, split
from tests.support.domain_builders import data_file


def bitmap(*dead: int, rows: int = 10) -> bytes:
    bits = np.zeros(rows, np.uint8)
    bits[list(dead)] = 1
    return np.packbits(bits).tobytes()


def test_rows_that_died_since() -> None:
    found = newly_dead(bitmap(1), bitmap(1, 4, 9), 10)
    assert found is not None
    assert found.tolist() == [4, 9]


def test_rows_that_live_again_make_the_rewrite_obsolete() -> None:
    assert newly_dead(bitmap(1, 2), bitmap(1, 4), 10) is None


def test_positions_among_all_rows_become_positions_in_each_file() -> None:
    files = [data_file("a", rows=4), data_file("b", rows=3), data_file("c", rows=5)]
    found = split(np.array([11, 0, 3, 8]), files)
    assert {path: rows.tolist() for path, rows in found.items()} == {
        "data/a.parquet": [0, 3],
        "data/c.parquet": [1, 4],
    }
