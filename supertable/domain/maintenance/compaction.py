"""Which data files a compaction rewrites, and in which jobs.

Files of a partitioned table are rewritten with others of their partition. Files that have rows of several partitions,
or do not know theirs, are strays: they are rewritten whatever their size.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from supertable.domain.layout.layouts import PartitionField
from supertable.domain.schema.types import Scalar
from supertable.domain.table.data_files import DataFile
from supertable.domain.table.maintenance_policy import MaintenancePolicy

MOST_ROWS = 16_000_000
"""Rows in one commit. This bounds the map from old to new positions to 64 MB."""
MOST_TARGETS = 8
"""Bytes in one commit, as a multiple of the target size."""
SMALL_SHARE = 0.5
MOST_PARTITIONS = 1_000
"""A compaction makes so many partitions of some rows, or more if each may get as many rows."""
_GROWTH = 4

Partition = tuple[Scalar | None, ...]
Job = tuple[DataFile, ...]
"""Files that are rewritten together, as one commit, in the order in which they were added."""


def live_bytes(file: DataFile) -> int:
    """The approximate size of the file's live rows."""
    return file.bytes * file.live_rows // file.rows if file.rows else 0


def is_small(file: DataFile, policy: MaintenancePolicy) -> bool:
    """Rows without an object are small whatever the target."""
    return not file.stored or live_bytes(file) < policy.target_file_bytes * SMALL_SHARE


def is_dirty(file: DataFile, policy: MaintenancePolicy) -> bool:
    return file.live_rows <= file.rows * (1 - policy.dirty_share)


def partition_of(file: DataFile, partitions: Sequence[PartitionField]) -> Partition | None:
    """The values of all rows of the file, None for null; None: it is a stray."""
    values: list[Scalar | None] = []
    for partition in partitions:
        found = file.ranges.get(partition.range_id)
        if found is None:
            return None
        is_one_value = found.nulls == 0 and found.low is not None and found.low == found.high
        if not is_one_value and found.nulls != file.rows:
            return None
        values.append(found.low)
    return tuple(values)


def splits_well(file: DataFile, partitions: Sequence[PartitionField]) -> bool:
    """Whether the ranges of its partition values tell that their number is reasonable, which hashes never tell."""
    most = 1
    for partition in partitions:
        found = file.ranges.get(partition.range_id)
        if found is None:
            return False
        if isinstance(found.low, int) and isinstance(found.high, int):
            most *= found.high - found.low + 1 + bool(found.nulls)
    return most <= MOST_PARTITIONS or file.rows >= most * MOST_PARTITIONS


def _is_known(file: DataFile, partitions: Sequence[PartitionField]) -> bool:
    return all(partition.range_id in file.ranges for partition in partitions)


def jobs(
    files: Iterable[DataFile],
    policy: MaintenancePolicy,
    everything: bool = False,
    partitions: Sequence[PartitionField] = (),
) -> list[Job]:
    """The jobs of a requested compaction: small and dirty files, and strays, or with `everything` all files.

    A single clean file is not rewritten, except with `everything`, or if it has no object yet.
    """
    by_partition = _by_partition(files, partitions)
    strays = by_partition.pop(None, [])
    if everything and strays:
        return list(_portions([*strays, *chain.from_iterable(by_partition.values())], policy))
    found = list(_portions(strays, policy))
    for group in by_partition.values():
        chosen = [file for file in group if everything or is_small(file, policy) or is_dirty(file, policy)]
        portions = _portions(chosen, policy)
        found += [
            job for job in portions if everything or len(job) > 1 or is_dirty(job[0], policy) or not job[0].stored
        ]
    return found


def due_jobs(
    files: Sequence[DataFile], policy: MaintenancePolicy, partitions: Sequence[PartitionField] = ()
) -> list[Job]:
    """The jobs of automatic maintenance: dirty files, and small files if there are enough of similar size.

    A file that is much larger than all smaller ones together waits for others of its size, so that a row is rewritten
    a few times and not in every compaction. Small strays wait too; others are due at once, if that splits them.
    """
    by_partition = _by_partition(files, partitions)
    strays = by_partition.pop(None, [])
    large = [
        file
        for file in strays
        if not is_small(file, policy) and (not _is_known(file, partitions) or splits_well(file, partitions))
    ]
    due = list(_portions(large, policy)) + _due_jobs([file for file in strays if is_small(file, policy)], policy)
    return due + [job for group in by_partition.values() for job in _due_jobs(group, policy)]


def _by_partition(
    files: Iterable[DataFile], partitions: Sequence[PartitionField]
) -> dict[Partition | None, list[DataFile]]:
    groups: dict[Partition | None, list[DataFile]] = {}
    for file in files:
        groups.setdefault(partition_of(file, partitions), []).append(file)
    return groups


def _due_jobs(files: Sequence[DataFile], policy: MaintenancePolicy) -> list[Job]:
    tiers = _tiers([file for file in files if is_small(file, policy)])
    merged = {file.path for tier in tiers if len(tier) >= policy.small_files for file in tier}
    chosen = [file for file in files if file.path in merged or is_dirty(file, policy)]
    return [job for job in _portions(chosen, policy) if len(job) > 1 or is_dirty(job[0], policy)]


def _tiers(files: Iterable[DataFile]) -> list[list[DataFile]]:
    """Groups the files by size. A tier ends before a file that is much larger than the whole tier."""
    tiers: list[list[DataFile]] = []
    size = 0
    for file in sorted(files, key=live_bytes):
        if not tiers or (len(tiers[-1]) > 1 and live_bytes(file) > _GROWTH * size):
            tiers.append([])
            size = 0
        tiers[-1].append(file)
        size += live_bytes(file)
    return tiers


def _portions(files: Iterable[DataFile], policy: MaintenancePolicy) -> Iterator[Job]:
    most_bytes = MOST_TARGETS * policy.target_file_bytes
    held: list[DataFile] = []
    rows = size = 0
    for file in files:
        if held and (rows + file.rows > MOST_ROWS or size + live_bytes(file) > most_bytes):
            yield tuple(held)
            held, rows, size = [], 0, 0
        held.append(file)
        rows, size = rows + file.rows, size + live_bytes(file)
    if held:
        yield tuple(held)
