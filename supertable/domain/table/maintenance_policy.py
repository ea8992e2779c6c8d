"""The maintenance policy of a table, which is part of the table's definition, and its default values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from supertable.domain.errors import InvalidSetting
from supertable.domain.layout.layouts import (
    Layout,
    PartitionField,
    SortColumn,
    fitting,
    partition_fields,
    sort_columns,
)
from supertable.domain.schema.schemas import Schema

TARGET_FILE_BYTES = 128 * 1024 * 1024
RETENTION_SECONDS = 7 * 24 * 3600


@dataclass(frozen=True, slots=True)
class MaintenancePolicy:
    """`sort_by`: field ids, the sort order of files; empty: that of the keys in compacted files, if there are any.

    `descending`: those of them that sort from the greatest value. `partition_by`: the partitions of files.

    A file is small when its live rows take less than half of `target_file_bytes`; compaction is due when `small_files`
    of them can be merged. A file is dirty when the share of its dead rows is at least `dirty_share`; a single dirty
    file makes compaction due. A version is kept for `retention_seconds` after the next one replaced it.
    """

    target_file_bytes: int = TARGET_FILE_BYTES
    small_files: int = 16
    dirty_share: float = 0.2
    sort_by: tuple[int, ...] = ()
    retention_seconds: float = RETENTION_SECONDS
    partition_by: tuple[PartitionField, ...] = ()
    descending: tuple[int, ...] = ()


def layout_of(policy: MaintenancePolicy, schema: Schema) -> Layout:
    """The layout of new files under `schema`. Dropped columns are left out."""
    columns = (schema.by_id(field_id) for field_id in policy.sort_by)
    order = tuple(SortColumn(column.name, column.id in policy.descending) for column in columns if column)
    return Layout(fitting(policy.partition_by, schema), order)


def with_layout(
    policy: MaintenancePolicy, schema: Schema, partition_by: Sequence[str] | None, sort_by: Sequence[str] | None
) -> MaintenancePolicy:
    """The policy with another layout; None keeps that part. See `partition_fields` and `sort_columns`, which raise."""
    if partition_by is not None:
        policy = replace(policy, partition_by=partition_fields(partition_by, schema))
    if sort_by is not None:
        order = [(column.id, by) for by in sort_columns(sort_by, schema) if (column := schema.find(by.name))]
        descending = tuple(number for number, by in order if by.descending)
        policy = replace(policy, sort_by=tuple(number for number, _ in order), descending=descending)
    return policy


def vacuum_due(policy: MaintenancePolicy, replaced_at_us: int | None, now_us: int) -> bool:
    """Whether the oldest kept version has been expired for long enough to make a vacuum worthwhile.

    `replaced_at_us`: when the next version replaced the oldest kept one; None: it is still the newest. A vacuum lists
    all files, so it does not run for every expired version, but about seven times per retention, and at most hourly.
    """
    if replaced_at_us is None:
        return False
    slack = max(policy.retention_seconds / 7, 3600)
    return now_us - replaced_at_us > (policy.retention_seconds + slack) * 1_000_000


def checked_policy(policy: MaintenancePolicy) -> MaintenancePolicy:
    """Returns the policy unchanged. Raises `InvalidSetting` where a value is out of its bounds."""
    if not 1024 <= policy.target_file_bytes <= 1 << 40:
        raise InvalidSetting("target_file_bytes", "it must be between 1 KiB and 1 TiB")
    if policy.small_files < 2:
        raise InvalidSetting("small_files", "it must be at least 2, since a single file cannot be merged")
    if not 0 < policy.dirty_share <= 1:
        raise InvalidSetting("dirty_share", "it must be above 0 and at most 1")
    checked_retention(policy.retention_seconds)
    return policy


def checked_retention(seconds: float) -> float:
    """Returns `seconds` unchanged. Raises `InvalidSetting`."""
    if not 0 <= seconds <= 1_000 * 366 * 24 * 3600:
        raise InvalidSetting("retention", "it must be at least 0 and at most a thousand years")
    return seconds
