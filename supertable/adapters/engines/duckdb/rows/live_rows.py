"""Separates live rows from dead ones by their positions, outside of SQL."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from supertable.application.ports.engines.file_sources import FileSource
from supertable.domain.scan.scan_plan import Scan


class LiveRows:
    """The bitmaps of a scan's dirty files in one array, and for each file the index of its first bit, or -1."""

    def __init__(self, scan: Scan, stored: FileSource) -> None:
        bitmaps = []
        starts = []
        bits = 0
        for file in scan.files:
            if file.deletes is None and file.path not in scan.hidden:
                starts.append(-1)
                continue
            hidden = scan.hidden.get(file.path)
            bitmap = stored.bitmap(scan.folder, file) if hidden is None else hidden
            bitmaps.append(bitmap)
            starts.append(bits)
            bits += len(bitmap) * 8
        self._bitmaps = np.frombuffer(b"".join(bitmaps), dtype=np.uint8)
        self._starts = np.array(starts, dtype=np.int64)

    def among(self, files: npt.NDArray[np.int64], rows: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Whether each row is live. `files`: indexes in the scan's files. `rows`: positions in those files."""
        starts = self._starts[files]
        alive = starts < 0
        bits = (starts + rows)[~alive]
        alive[~alive] = (self._bitmaps[bits >> 3] >> (7 - (bits & 7)).astype(np.uint8)) & 1 == 0
        return alive
