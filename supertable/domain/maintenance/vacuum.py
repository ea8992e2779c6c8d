"""Which objects a vacuum may remove, and why.

1. It keeps the versions from `oldest` on, those that a tag or a clone pins, and those that a query is reading.
2. It removes a data file or a set of deletion vectors at once if earlier versions refer to it, but no kept version.
3. An object that no version refers to may belong to an unfinished commit. It is removed when it is older than the
   grace period and was there before every writer that is active now began.
4. It removes a checkpoint when a later one serves every kept version that it serves.
5. It never removes log records, so that the history stays complete. It takes values of rows out of them: the rows and
   the column ranges of files that earlier versions refer to, but no kept version. If the checkpoint that serves the
   first of some kept versions has such files, that version gets a checkpoint of its own, which replaces it (rule 4).
6. The order is: files, which frees space on a full disk; checkpoints; the catalog's copies of the records; the records.
   So no copy of a record, and no state that is compared with the log, has what the log lost; and after a crash the log
   shows what is left to do.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from supertable.domain.table.commits import Commit
from supertable.domain.table.data_files import DataFile, DeletionVector
from supertable.domain.table.file_sets import dirty_files
from supertable.domain.table.snapshots import Snapshot

GRACE_SECONDS = 24 * 3600

Span = tuple[int, int]
"""Versions from the first to the last, both included."""


@dataclass(frozen=True, slots=True)
class Removal:
    """An object that can be removed, or a record that loses values of rows, and why that is safe."""

    key: str
    bytes: int
    reason: str


def merged(spans: Iterable[Span]) -> list[Span]:
    """The same versions as spans that neither overlap nor touch, ascending."""
    result: list[Span] = []
    for first, last in sorted(spans):
        if result and first <= result[-1][1] + 1:
            result[-1] = (result[-1][0], max(last, result[-1][1]))
        else:
            result.append((first, last))
    return result


def needed_paths(own: str, first: Snapshot, commits: Iterable[Commit]) -> set[str]:
    """The paths of all files of the versions from `first` on, and of deletion vectors in the table's own folder.

    `commits`: those after `first`.
    """
    paths = set(first.files)
    vectors = [file.deletes for file in dirty_files(first.files)]
    for commit in commits:
        paths.update(file.path for file in commit.change.added)
        vectors += [file.deletes for file in commit.change.added]
        vectors += commit.change.deletes.values()
    return paths.union(path for vector in vectors if vector for path in _of_vector(own, vector))


def mentioned_paths(own: str, commit: Commit) -> Iterator[tuple[str, str]]:
    """The paths in the table's own folder that a commit mentions, each with what the commit did to the object."""
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


def superseded_reason(mention: str, oldest: int) -> str:
    """`mention`: what the last commit that mentions the object did to it; see `mentioned_paths`."""
    return f"{mention}; oldest kept version is {oldest}; no tag, clone or running query needs it"


def emptied_reason(version: int, oldest: int) -> str:
    return f"rows or column ranges in version {version}; oldest kept version is {oldest}, and no kept one has them"


def orphaned_reason(grace_seconds: float) -> str:
    return f"no version ever referred to it, and it is older than {grace_seconds / 3600:g} h"


def checkpoint_reason(version: int, oldest: int) -> str:
    return f"checkpoint of version {version}; oldest kept version is {oldest}, and a later checkpoint serves it"


def served_by_earlier(checkpoints: Collection[int], kept: Iterable[Span]) -> dict[int, int]:
    """The checkpoint of an earlier version that serves the first version of a kept span, by that first version."""
    nearest = {first: max((each for each in checkpoints if each <= first), default=0) for first, _ in kept}
    return {first: checkpoint for first, checkpoint in nearest.items() if 0 < checkpoint < first}


def superseded_checkpoints(checkpoints: Collection[int], kept: Iterable[Span]) -> list[int]:
    """The checkpoints that no kept version needs. A version needs the nearest one at or before it (rule 4)."""
    ascending = sorted(checkpoints)
    serving: set[int] = set()
    for first, last in kept:
        serving.update([version for version in ascending if version <= first][-1:])
        serving.update(version for version in ascending if first <= version <= last)
    return [version for version in ascending if version not in serving]


def _of_file(own: str, file: DataFile) -> Iterator[str]:
    if file.stored and (file.folder or own) == own:
        yield file.path
    if file.deletes:
        yield from _of_vector(own, file.deletes)


def _of_vector(own: str, vector: DeletionVector) -> Iterator[str]:
    if vector.stored and (vector.folder or own) == own:
        yield vector.path
