"""What a vacuum may remove, and why.

1. Kept are the versions from `oldest` on, those that a tag or a clone pins, and those that somebody is reading.
2. A data file or a set of deletion vectors that a version before refers to, and no kept one, may go at once.
3. An object that no version refers to may belong to a commit on its way: it may go when it is older than the grace
   period and was there before everyone who is at work now began.
4. A checkpoint may go when a later one serves every kept version that it serves.
5. Log records stay: the history goes on saying what happened.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from supertable.domain.table.commits import Commit
from supertable.domain.table.data_files import DataFile, DeletionVector
from supertable.domain.table.snapshots import Snapshot

GRACE_SECONDS = 24 * 3600

Span = tuple[int, int]
"""Versions from the first to the last, both included."""


@dataclass(frozen=True, slots=True)
class Removal:
    """An object that may go, and why that is safe."""

    key: str
    bytes: int
    reason: str


def merged(spans: Iterable[Span]) -> list[Span]:
    """The same versions as spans that neither overlap nor touch, ascending."""
    found: list[Span] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return found


def needed_paths(own: str, first: Snapshot, commits: Iterable[Commit]) -> set[str]:
    """What the versions from `first` on refer to in the table's own folder; `commits` are those that follow it."""
    paths = {path for file in first.files.values() for path in _of_file(own, file)}
    for commit in commits:
        paths.update(path for file in commit.change.added for path in _of_file(own, file))
        paths.update(path for vector in commit.change.deletes.values() for path in _of_vector(own, vector))
    return paths


def mentioned_paths(own: str, commit: Commit) -> Iterator[tuple[str, str]]:
    """Paths in the table's own folder that a commit speaks of, and what it says."""
    change = commit.change
    by = f"by version {commit.version} ({change.operation})"
    for path in change.removed:
        yield path, f"removed {by}"
    for vector in change.deletes.values():
        for path in _of_vector(own, vector):
            yield path, f"last set {by}"
    for file in change.added:
        for path in _of_file(own, file):
            yield path, f"written {by}"


def superseded_reason(saying: str, oldest: int) -> str:
    return f"{saying}; oldest kept version is {oldest}; no tag, clone or running query needs it"


def orphaned_reason(grace_seconds: float) -> str:
    return f"no version ever referred to it, and it is older than {grace_seconds / 3600:g} h"


def checkpoint_reason(version: int, oldest: int) -> str:
    return f"checkpoint of version {version}; oldest kept version is {oldest}, and a later checkpoint serves it"


def superseded_checkpoints(checkpoints: Collection[int], kept: Iterable[Span]) -> list[int]:
    """The checkpoints that no kept version starts from: for each the nearest one at or before it serves (rule 4)."""
    ascending = sorted(checkpoints)
    serving: set[int] = set()
    for first, last in kept:
        serving.update([version for version in ascending if version <= first][-1:])
        serving.update(version for version in ascending if first <= version <= last)
    return [version for version in ascending if version not in serving]


def _of_file(own: str, file: DataFile) -> Iterator[str]:
    if (file.folder or own) == own:
        yield file.path
    if file.deletes:
        yield from _of_vector(own, file.deletes)


def _of_vector(own: str, vector: DeletionVector) -> Iterator[str]:
    if (vector.folder or own) == own:
        yield vector.path
