"""The maintenance policy of a table, which is part of the table's definition, and its default values."""

from __future__ import annotations

from dataclasses import dataclass

from supertable.domain.errors import InvalidSetting

TARGET_FILE_BYTES = 128 * 1024 * 1024
RETENTION_SECONDS = 7 * 24 * 3600


@dataclass(frozen=True, slots=True)
class MaintenancePolicy:
    """`sort_by`: field ids, the sort order of compacted files; empty: that of the keys, if there are any.

    A file is small when its live rows take less than half of `target_file_bytes`; compaction is due when `small_files`
    of them can be merged. A file is dirty when the share of its dead rows is at least `dirty_share`; a single dirty
    file makes compaction due. A version is kept for `retention_seconds` after the next one replaced it.
    """

    target_file_bytes: int = TARGET_FILE_BYTES
    small_files: int = 16
    dirty_share: float = 0.2
    sort_by: tuple[int, ...] = ()
    retention_seconds: float = RETENTION_SECONDS


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
