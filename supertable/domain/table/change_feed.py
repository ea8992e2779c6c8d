"""The rows that were added and removed between two versions of a table, by commit.

A commit touches some files. In each of them, rows that were live only before the commit were removed, and rows that
are live only after it were added. Moving rows to other files without changing them (compaction) is not a change.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from supertable.domain.errors import IncompatibleSchema
from supertable.domain.schema.schemas import UNASSIGNED, Schema
from supertable.domain.schema.types import DataType, widened
from supertable.domain.table.commits import Commit, Operation
from supertable.domain.table.data_files import DataFile
from supertable.domain.table.file_sets import FileChanges

READ_VERSIONS = "Read the versions themselves instead, with AT (VERSION => …)."
_MOVING_ONLY = frozenset({Operation.COMPACT})


@dataclass(frozen=True, slots=True)
class TouchedFile:
    """A file before and after a commit; None: the table did not have it then."""

    before: DataFile | None
    after: DataFile | None

    @property
    def file(self) -> DataFile:
        file = self.before or self.after
        assert file is not None
        return file


@dataclass(frozen=True, slots=True)
class Step:
    """The files that one commit touched. `version`: the commit's."""

    version: int
    touched: tuple[TouchedFile, ...]


def steps(files: Mapping[str, DataFile], commits: Iterable[Commit]) -> Iterator[Step]:
    """The steps of the commits, oldest first, without those that change no rows. `files`: the state before them."""
    state = FileChanges(files)
    for commit in commits:
        change = commit.change
        before = state.files().some([*change.removed, *change.deletes])
        state.apply(change.removed, change.deletes, change.added)
        after = state.files().some([*change.deletes, *(file.path for file in change.added)])
        touched = tuple(TouchedFile(before.get(path), after.get(path)) for path in {**before, **after})
        if touched and commit.change.operation not in _MOVING_ONLY:
            yield Step(commit.version, tuple(part for part in touched if part.before != part.after))


def widest_columns(last: Schema, written: Iterable[Schema]) -> Schema:
    """The columns of `last`, with types that hold the values of all files `written` under these schemas exactly.

    A type is wider than in `last` only if a restore made the column narrower; the schema is then none of the table's,
    and its id is 0. Raises `IncompatibleSchema` where no type holds both.
    """
    fields = last.fields
    for schema in written:
        before = {field.id: field.type for field in schema.fields}
        fields = tuple(
            replace(field, type=_common(field.type, before[field.id], field.name)) if field.id in before else field
            for field in fields
        )
    return last if fields == last.fields else replace(last, id=UNASSIGNED, fields=fields)


def _common(new: DataType, old: DataType, path: str) -> DataType:
    if new.fields:
        before = {field.id: field.type for field in old.fields}
        members = (
            replace(field, type=_common(field.type, before[field.id], f"{path}.{field.name}"))
            if field.id in before
            else field
            for field in new.fields
        )
        return replace(new, fields=tuple(members))
    common = widened(new, old)
    if common is None:
        raise IncompatibleSchema(path, str(new), str(old), f"No type holds all changes exactly. {READ_VERSIONS}")
    return common
