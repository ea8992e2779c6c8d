"""The files among many that a compaction may rewrite."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from supertable.application.storage.snapshot_files.column_files import ColumnFiles
from supertable.application.storage.snapshot_files.parts import Rows
from supertable.domain.table.compaction import SMALL_SHARE, is_dirty, is_small
from supertable.domain.table.data_files import DataFile
from supertable.domain.table.file_sets import ChangedFiles
from supertable.domain.table.maintenance_policy import MaintenancePolicy

_ROUNDING = 1 + 1e-9


def compactible_files(files: Mapping[str, DataFile], policy: MaintenancePolicy) -> list[DataFile]:
    """The small and the dirty files, in their order."""
    return [file for file in _candidates(files, policy) if is_small(file, policy) or is_dirty(file, policy)]


def _candidates(files: Mapping[str, DataFile], policy: MaintenancePolicy) -> Iterator[DataFile]:
    if not (isinstance(files, ChangedFiles) and isinstance(files.base, ColumnFiles)):
        yield from files.values()
        return
    rows = np.union1d(_rows_of_candidates(files.base, policy), files.base.rows_of(files.replaced))
    for file in files.base.at(rows):
        if file.path not in files.removed:
            yield files.replaced.get(file.path, file)
    yield from files.added.values()


def _rows_of_candidates(files: ColumnFiles, policy: MaintenancePolicy) -> Rows:
    """A few more than `is_small` and `is_dirty` choose, since floats are rounded. Files without objects are `whole`."""
    rows, dead, size = (
        files.column(name).fill_null(0).to_numpy().astype(np.float64) for name in ("rows", "vector_rows", "bytes")
    )
    live = rows - dead
    live_bytes = size * live / np.maximum(rows, 1)
    small = live_bytes < (policy.target_file_bytes * SMALL_SHARE + 1) * _ROUNDING
    whole = files.column("whole").to_numpy(zero_copy_only=False)
    return np.flatnonzero(whole | small | (live <= rows * (1 - policy.dirty_share) * _ROUNDING))
