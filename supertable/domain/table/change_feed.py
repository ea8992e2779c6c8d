"""Which rows came and went between two versions of a table, by commit.

A commit touches some files. Of each, the rows that were live before and are not after have gone; those that are live
after and were not before have come. Moving rows to other files without changing them (compaction) is no change.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from supertable.domain.table.commits import Commit, Operation
from supertable.domain.table.data_files import DataFile

_MOVING_ONLY = frozenset({Operation.COMPACT})


@dataclass(frozen=True, slots=True)
class TouchedFile:
    """One file before and after a commit; None: it was, or is, not there."""

    before: DataFile | None
    after: DataFile | None

    @property
    def file(self) -> DataFile:
        file = self.before or self.after
        assert file is not None
        return file


@dataclass(frozen=True, slots=True)
class Step:
    """What one commit did to the files. `version` is the commit's."""

    version: int
    touched: tuple[TouchedFile, ...]


def steps(files: Mapping[str, DataFile], commits: Iterable[Commit]) -> Iterator[Step]:
    """The commits as steps, oldest first; those that change no row are left out. `files` is the state before them."""
    state = dict(files)
    for commit in commits:
        before, after = _before_and_after(state, commit)
        touched = tuple(TouchedFile(before.get(path), after.get(path)) for path in {**before, **after})
        for path in before:
            del state[path]
        state |= after
        if touched and commit.change.operation not in _MOVING_ONLY:
            yield Step(commit.version, tuple(part for part in touched if part.before != part.after))


def _before_and_after(state: Mapping[str, DataFile], commit: Commit) -> tuple[dict[str, DataFile], dict[str, DataFile]]:
    """The files that a commit touches, as they were and as they are."""
    change = commit.change
    before = {path: state[path] for path in (*change.removed, *change.deletes)}
    after = {path: replace(state[path], deletes=vector) for path, vector in change.deletes.items()}
    after |= {file.path: file for file in change.added}
    return before, after
