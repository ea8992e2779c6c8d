"""The files of a snapshot: an immutable base and the changes of later commits, so that a commit copies no other file.

The base may be any mapping: plain objects for small tables, arrays for large ones (`application.storage.file_columns`).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, ItemsView, Iterable, Iterator, Mapping, Sequence, ValuesView
from dataclasses import dataclass, replace
from functools import cached_property

from supertable.domain.table.data_files import DataFile, DeletionVector


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over files. `dead_rows` are among `rows`, `inline_bytes` among `bytes`: rows without objects."""

    files: int = 0
    rows: int = 0
    dead_rows: int = 0
    bytes: int = 0
    inline_bytes: int = 0

    @property
    def live_rows(self) -> int:
        return self.rows - self.dead_rows

    def changed_by(self, added: Iterable[DataFile], removed: Iterable[DataFile]) -> Totals:
        """The sums with some files more and others less."""
        files, rows, dead, size, inline = self.files, self.rows, self.dead_rows, self.bytes, self.inline_bytes
        for sign, some in ((1, added), (-1, removed)):
            for file in some:
                files += sign
                rows += sign * file.rows
                dead += sign * (file.rows - file.live_rows)
                size += sign * file.bytes
                inline += 0 if file.stored else sign * file.bytes
        return Totals(files, rows, dead, size, inline)


class FileSet(Mapping[str, DataFile]):
    """Immutable files by path, in the order in which they were added. `values` is the way to read many of them."""

    @property
    @abstractmethod
    def totals(self) -> Totals: ...

    @abstractmethod
    def in_order(self) -> Iterator[DataFile]: ...

    @abstractmethod
    def some(self, paths: Collection[str]) -> dict[str, DataFile]:
        """Those of the files that are there, by path; much faster than one by one."""

    def chosen(self, paths: Collection[str]) -> Iterator[DataFile]:
        """Those of the files that are there, in the order of the files. `paths`: a set."""
        return (file for file in self.in_order() if file.path in paths)

    def dirty(self) -> Iterator[DataFile]:
        """Those of the files with a deletion vector, in no order."""
        return (file for file in self.in_order() if file.deletes)

    def differing(self, other: FileSet) -> set[str]:
        """The paths of the files that are in one of the two only, and of those that may differ."""
        if not self or not other:
            return {*self, *other}
        old, new = dict(self.items()), dict(other.items())
        return {path for path in {*old, *new} if old.get(path) != new.get(path)}

    def values(self) -> ValuesView[DataFile]:
        return _Values(self)

    def items(self) -> ItemsView[str, DataFile]:
        return _Items(self)

    def __len__(self) -> int:
        return self.totals.files

    __hash__ = None  # type: ignore[assignment]


class _Values(ValuesView[DataFile]):
    def __init__(self, files: FileSet) -> None:
        super().__init__(files)
        self._files = files

    def __iter__(self) -> Iterator[DataFile]:
        return self._files.in_order()


class _Items(ItemsView[str, DataFile]):
    def __init__(self, files: FileSet) -> None:
        super().__init__(files)
        self._files = files

    def __iter__(self) -> Iterator[tuple[str, DataFile]]:
        return ((file.path, file) for file in self._files.in_order())


class NoFiles(FileSet):
    totals = Totals()

    def in_order(self) -> Iterator[DataFile]:
        return iter(())

    def some(self, paths: Collection[str]) -> dict[str, DataFile]:  # noqa: ARG002
        return {}

    def __getitem__(self, path: str) -> DataFile:
        raise KeyError(path)

    def __iter__(self) -> Iterator[str]:
        return iter(())


_NO_FILES = NoFiles()


Parts = tuple[Sequence[DataFile], Sequence[DataFile], Sequence[DataFile]]
"""Clean files, those with hidden rows, and those without objects, each in their order."""


def parts_by_schema(files: Iterable[DataFile], hidden: Collection[str] = ()) -> dict[int, Parts]:
    """The files by the id of the schema that they were written under. `hidden`: paths of more with hidden rows."""
    by_schema: dict[int, tuple[list[DataFile], list[DataFile], list[DataFile]]] = {}
    for file in files:
        clean, dirty, inline = by_schema.get(file.schema_id) or by_schema.setdefault(file.schema_id, ([], [], []))
        if file.content is not None:
            inline.append(file)
        else:
            (dirty if file.deletes or file.path in hidden else clean).append(file)
    return {number: (tuple(clean), tuple(dirty), tuple(inline)) for number, (clean, dirty, inline) in by_schema.items()}


class ChangedFiles(FileSet):
    """`base` with changes. `replaced`: files of the base with another deletion vector; `removed`: paths of the base;
    `added`: new files, in order. None of them is ever changed."""

    def __init__(
        self,
        base: FileSet = _NO_FILES,
        replaced: Mapping[str, DataFile] | None = None,
        removed: Collection[str] = frozenset(),
        added: Mapping[str, DataFile] | None = None,
        totals: Totals | None = None,
    ) -> None:
        self.base = base
        self.replaced = replaced or {}
        self.removed = removed
        self.added = added or {}
        self._totals = base.totals if totals is None else totals

    @classmethod
    def of(cls, files: Mapping[str, DataFile]) -> ChangedFiles:
        """The same files, without copying a file set."""
        if isinstance(files, ChangedFiles):
            return files
        if isinstance(files, FileSet):
            return cls(files)
        return cls(added=dict(files), totals=Totals().changed_by(files.values(), ()))

    @property
    def totals(self) -> Totals:
        return self._totals

    @property
    def changes(self) -> int:
        """How many files differ from the base."""
        return len(self.replaced) + len(self.removed) + len(self.added)

    @property
    def changed_paths(self) -> set[str]:
        """The paths of all files that differ from the base."""
        return {*self.replaced, *self.removed, *self.added}

    @cached_property
    def by_schema(self) -> Mapping[int, Parts]:
        """See `parts_by_schema`. For up to some thousand files, since it keeps an object of each."""
        return parts_by_schema(self.in_order())

    def in_order(self) -> Iterator[DataFile]:
        if not self.replaced and not self.removed:
            yield from self.base.in_order()
        else:
            for file in self.base.in_order():
                if file.path not in self.removed:
                    yield self.replaced.get(file.path, file)
        yield from self.added.values()

    def some(self, paths: Collection[str]) -> dict[str, DataFile]:
        changed = {path: file for path in paths if (file := self.added.get(path) or self.replaced.get(path))}
        rest = [path for path in paths if path not in changed and path not in self.removed]
        return {**changed, **self.base.some(rest)} if rest else changed

    def chosen(self, paths: Collection[str]) -> Iterator[DataFile]:
        found = self.base.chosen({path for path in paths if path not in self.removed})
        yield from (self.replaced.get(file.path, file) for file in found)
        yield from (file for path, file in self.added.items() if path in paths)

    def dirty(self) -> Iterator[DataFile]:
        changed = self.changed_paths
        yield from (file for file in self.base.dirty() if file.path not in changed)
        yield from (file for file in (*self.replaced.values(), *self.added.values()) if file.deletes)

    def __getitem__(self, path: str) -> DataFile:
        found = self.added.get(path) or self.replaced.get(path)
        if found is not None:
            return found
        if path in self.removed:
            raise KeyError(path)
        return self.base[path]

    def __contains__(self, path: object) -> bool:
        return path in self.added or path in self.replaced or (path not in self.removed and path in self.base)

    def __iter__(self) -> Iterator[str]:
        yield from (path for path in self.base if path not in self.removed) if self.removed else self.base
        yield from self.added


class FileChanges:
    """Applies changes to files, which stay as they are."""

    def __init__(self, files: Mapping[str, DataFile]) -> None:
        before = ChangedFiles.of(files)
        self._base = before.base
        self._replaced = dict(before.replaced)
        self._removed = set(before.removed)
        self._added = dict(before.added)
        self._totals = before.totals

    def apply(
        self, removed: Collection[str], deletes: Mapping[str, DeletionVector], added: Collection[DataFile]
    ) -> None:
        """Raises `ValueError` if a file that is removed, or gets a deletion vector, is not there."""
        before = self.files().some([*removed, *deletes, *(file.path for file in added)])
        now = dict(before)
        for path in removed:
            if now.pop(path, None) is None:
                raise ValueError(f"it removes {path}, which the table does not have")
            self._remove(path)
        for path, vector in deletes.items():
            if path not in now:
                raise ValueError(f"it deletes rows of {path}, which the table does not have")
            now[path] = replace(now[path], deletes=vector)
            (self._added if path in self._added else self._replaced)[path] = now[path]
        for file in added:
            if file.path in now:
                self._remove(file.path)
            self._added[file.path] = now[file.path] = file
        self._totals = self._totals.changed_by(now.values(), before.values())

    def files(self) -> ChangedFiles:
        """The files after the changes so far. To be called last, since it is not protected from more changes."""
        return ChangedFiles(self._base, self._replaced, self._removed, self._added, self._totals)

    def _remove(self, path: str) -> None:
        if self._added.pop(path, None) is None:
            self._replaced.pop(path, None)
            self._removed.add(path)


def totals_of(files: Mapping[str, DataFile]) -> Totals:
    return files.totals if isinstance(files, FileSet) else Totals().changed_by(files.values(), ())


def dirty_files(files: Mapping[str, DataFile]) -> Iterator[DataFile]:
    """Those of the files with a deletion vector, in no order."""
    return files.dirty() if isinstance(files, FileSet) else (file for file in files.values() if file.deletes)


def differing_paths(before: Mapping[str, DataFile], after: Mapping[str, DataFile]) -> set[str]:
    """The paths whose files differ, or are in only one of the two."""
    old, new = ChangedFiles.of(before), ChangedFiles.of(after)
    paths = old.changed_paths | new.changed_paths | _differing_bases(old, new)
    olds, news = old.some(paths), new.some(paths)
    return {path for path in paths if olds.get(path) != news.get(path)}


def added_since(before: Mapping[str, DataFile], after: Mapping[str, DataFile]) -> Mapping[str, DataFile]:
    """The files of `after` whose paths `before` does not have, in order."""
    if not before:
        return after
    old, new = ChangedFiles.of(before), ChangedFiles.of(after)
    paths = ({*new.added, *old.removed} | _differing_bases(old, new)) - old.added.keys()
    return {file.path: file for file in new.chosen(paths - old.some(paths).keys())}


def _differing_bases(before: ChangedFiles, after: ChangedFiles) -> set[str]:
    return set() if before.base is after.base else before.base.differing(after.base)
