"""The files among many that a compaction may rewrite."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from supertable.application.storage.snapshot_files.column_files import ColumnFiles
from supertable.application.storage.snapshot_files.ends import Flags
from supertable.application.storage.snapshot_files.file_table import high_name, low_name, nulls_name
from supertable.application.storage.snapshot_files.parts import Rows
from supertable.domain.layout.layouts import PartitionField
from supertable.domain.maintenance.compaction import SMALL_SHARE, is_dirty, is_small, partition_of
from supertable.domain.table.data_files import DataFile
from supertable.domain.table.file_sets import ChangedFiles
from supertable.domain.table.maintenance_policy import MaintenancePolicy

_ROUNDING = 1 + 1e-9


def compactible_files(
    files: Mapping[str, DataFile], policy: MaintenancePolicy, partitions: Sequence[PartitionField] = ()
) -> list[DataFile]:
    """The small and the dirty files, and the strays, in their order."""
    return [
        file
        for file in _candidates(files, policy, partitions)
        if is_small(file, policy) or is_dirty(file, policy) or partition_of(file, partitions) is None
    ]


def _candidates(
    files: Mapping[str, DataFile], policy: MaintenancePolicy, partitions: Sequence[PartitionField]
) -> Iterator[DataFile]:
    if not (isinstance(files, ChangedFiles) and isinstance(files.base, ColumnFiles)):
        yield from files.values()
        return
    rows = np.union1d(_rows_of_candidates(files.base, policy, partitions), files.base.rows_of(files.replaced))
    for file in files.base.at(rows):
        if file.path not in files.removed:
            yield files.replaced.get(file.path, file)
    yield from files.added.values()


def _rows_of_candidates(files: ColumnFiles, policy: MaintenancePolicy, partitions: Sequence[PartitionField]) -> Rows:
    """A few more than `is_small` and `is_dirty` choose, since floats are rounded. Files without objects are `whole`."""
    rows, dead, size = (
        files.column(name).fill_null(0).to_numpy().astype(np.float64) for name in ("rows", "vector_rows", "bytes")
    )
    live = rows - dead
    live_bytes = size * live / np.maximum(rows, 1)
    small = live_bytes < (policy.target_file_bytes * SMALL_SHARE + 1) * _ROUNDING
    whole = files.column("whole").to_numpy(zero_copy_only=False)
    dirty = live <= rows * (1 - policy.dirty_share) * _ROUNDING
    return np.flatnonzero(whole | small | dirty | _strays(files, partitions))


def _strays(files: ColumnFiles, partitions: Sequence[PartitionField]) -> Flags:
    found = np.zeros(len(files), np.bool_)
    rows = files.column("rows").to_numpy()
    for partition in partitions:
        number = partition.range_id
        nulls = _numbers(files, nulls_name(number), -1)
        low, high = (_numbers(files, name(number, "int"), missing) for name, missing in ((low_name, 0), (high_name, 1)))
        found |= (nulls != rows) & ((nulls != 0) | (low != high))
    return found


def _numbers(files: ColumnFiles, name: str, missing: int) -> Rows:
    if name not in files.table.schema.names:
        return np.full(len(files), missing, np.int64)
    numbers: Rows = files.column(name).fill_null(missing).to_numpy()
    return numbers
