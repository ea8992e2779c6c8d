"""Which exports of the audit log are merged: neighbours in the chain, so that every event keeps its place.

A file joins newer ones while it is at most a few times as large as they are together. So an event is rewritten a few
times, and not in every merge.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from supertable.domain.maintenance.compaction import Job
from supertable.domain.table.data_files import DataFile

SEQUENCE = "sequence"
SEQUENCE_ID = 1
"""The name and the field id of the first column: the place of an event in the chain."""

MOST_BYTES = 16 << 20
"""Bytes of a merged file. An export may read the newest file whole, to find the end of the chain."""
FEWEST_FILES = 16
_GROWTH = 4


def first_event(file: DataFile) -> int:
    return _sequence(file, "low")


def last_event(file: DataFile) -> int:
    return _sequence(file, "high")


def in_order(files: Iterable[DataFile]) -> list[DataFile]:
    """In the order of the chain; files that begin with the same event keep their order."""
    return sorted(files, key=first_event)


def due_merges(files: Iterable[DataFile]) -> list[Job]:
    """The runs of neighbours that are long enough to merge, newest first. Each becomes one file."""
    runs: list[list[DataFile]] = []
    size = 0
    for file in reversed(in_order(files)):
        if not runs or not _joins(file, runs[-1], size):
            runs.append([])
            size = 0
        runs[-1].append(file)
        size += file.bytes
    return [tuple(reversed(run)) for run in runs if len(run) >= FEWEST_FILES]


def _joins(file: DataFile, newer: Sequence[DataFile], size: int) -> bool:
    """`size`: of the newer files. Files with a gap between them, or with dead rows, are damage: that is not merged."""
    if last_event(file) + 1 != first_event(newer[-1]) or file.deletes or newer[-1].deletes:
        return False
    return size + file.bytes <= MOST_BYTES and (len(newer) == 1 or file.bytes <= _GROWTH * size)


def _sequence(file: DataFile, bound: str) -> int:
    """0 if the commit does not say it, since somebody changed the commit."""
    value = getattr(file.ranges.get(SEQUENCE_ID), bound, None)
    return value if isinstance(value, int) else 0
