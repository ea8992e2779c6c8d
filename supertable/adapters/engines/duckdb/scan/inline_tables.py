"""The rows of files without objects, as a table that DuckDB scans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from supertable.application.storage.inline_rows import FILE, ROW
from supertable.domain.table.data_files import DataFile


class InlineTable:
    """A table that DuckDB scans as often as a query wants, and into which it pushes no condition: Arrow would compare
    values in its own way."""

    def __init__(self, rows: pa.Table) -> None:
        self._rows = rows

    @property
    def bytes(self) -> int:
        return int(self._rows.nbytes)

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self._rows.__arrow_c_stream__()


def located_rows(rows: pa.Table, files: Sequence[DataFile], dead: Mapping[int, bytes], before: int) -> InlineTable:
    """The rows of the files, which `rows` has one file after the other, without those that are dead.

    `dead`: bitmaps, by index in `files`. `before`: the number of the first file in the scan.
    """
    counts = np.array([file.rows for file in files])
    ends = np.cumsum(counts)
    starts = ends - counts
    located = rows.append_column(FILE, pa.array(np.repeat(np.arange(before, before + len(files)), counts)))
    located = located.append_column(ROW, pa.array(np.arange(rows.num_rows) - np.repeat(starts, counts)))
    if not dead:
        return InlineTable(located)
    live = np.ones(rows.num_rows, dtype=bool)
    for number, bitmap in dead.items():
        bits = np.unpackbits(np.frombuffer(bitmap, dtype=np.uint8), count=counts[number])
        live[starts[number] : ends[number]] = bits == 0
    return InlineTable(located.filter(pa.array(live)))
