"""Checks the objects that a table's kept versions refer to: every byte of its data files and deletion vectors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from supertable.application.ports.object_stores import ObjectStore
from supertable.application.storage.checksums import Digest
from supertable.application.storage.deletion_vectors import DeletionVectors
from supertable.application.storage.inline_rows import are_within_ranges, decoded_rows
from supertable.domain.errors import Damaged, ObjectDamaged
from supertable.domain.findings import Finding, Severity
from supertable.domain.table.commits import Commit
from supertable.domain.table.data_files import DataFile, DeletionVector
from supertable.domain.table.file_sets import FileChanges
from supertable.domain.table.snapshots import Snapshot

Progress = Callable[[int], None]
"""Called with the number of bytes read since the last call."""


@dataclass(slots=True)
class CheckedFiles:
    """What was checked so far. `files`: keys. `vectors`: each with the key of its data file."""

    files: set[str] = field(default_factory=set)
    vectors: set[tuple[str, DeletionVector]] = field(default_factory=set)
    bytes_read: int = 0
    findings: list[Finding] = field(default_factory=list)


def referred_to(first: Snapshot, commits: Iterable[Commit]) -> Iterator[DataFile]:
    """Every file of `first` and of the commits after it: again with each new deletion vector that it gets."""
    yield from first.files.values()
    files = FileChanges(first.files)
    for commit in commits:
        change = commit.change
        files.apply(change.removed, change.deletes, change.added)
        yield from files.files().some(list(change.deletes)).values()
        yield from change.added


def files_are_there(store: ObjectStore, folder: str, commit: Commit) -> bool:
    """Whether every object that the commit added is in storage."""
    change = commit.change
    parts: list[DataFile | DeletionVector] = [*change.added, *change.deletes.values()]
    parts += [file.deletes for file in change.added if file.deletes]
    keys = {part.key(folder) for part in parts if part.stored}
    return all(store.size(key) is not None for key in keys)


class FileChecker:
    """Checks files, each once even if several versions or tables share it. `vectors` must have an empty cache."""

    def __init__(self, store: ObjectStore, vectors: DeletionVectors) -> None:
        self._store = store
        self._vectors = vectors

    def check(
        self, folder: str, files: Iterable[DataFile], quick: bool, progress: Progress, done: CheckedFiles
    ) -> None:
        """Add what was checked and found to `done`, and skip what is in it. `quick`: check sizes, not digests."""
        for file in files:
            key = file.key(folder)
            if key not in done.files:
                done.files.add(key)
                if file.stored:
                    self._check_data(key, file, quick, progress, done)
                else:
                    _check_rows(key, file, done)
            if file.deletes and (vector := (key, file.deletes)) not in done.vectors:
                done.vectors.add(vector)
                self._check_vector(folder, file, done)

    def _check_data(self, key: str, file: DataFile, quick: bool, progress: Progress, done: CheckedFiles) -> None:
        size = self._store.size(key)
        what = "it is missing" if size is None else ""
        if size is not None and size != file.bytes:
            what = f"it has {size:,} bytes, {file.bytes:,} were written"
        elif size is not None and not quick:
            what = self._check_digest(key, file, progress)
            done.bytes_read += size
        if what:
            done.findings.append(Finding(key, what, Severity.DAMAGE))

    def _check_digest(self, key: str, file: DataFile, progress: Progress) -> str:
        """What is wrong with the object; empty if nothing is."""
        digest = Digest()
        try:
            for chunk in self._store.chunks(key):
                digest.update(chunk)
                progress(len(chunk))
        except KeyError:
            return "it is missing"
        return "" if digest.hex() == file.digest else "its bytes are not those that were written"

    def _check_vector(self, folder: str, file: DataFile, done: CheckedFiles) -> None:
        assert file.deletes is not None
        try:
            self._vectors.bitmap(folder, file)
        except Damaged as error:
            what = error.reason if isinstance(error, ObjectDamaged) else "it is missing"
            named = file.deletes if file.deletes.stored else file
            finding = Finding(named.key(folder), what, Severity.DAMAGE)
            if finding not in done.findings:
                done.findings.append(finding)


def _check_rows(key: str, file: DataFile, done: CheckedFiles) -> None:
    """Checks rows that the log holds: they are read anyway, so that quick checks check them too."""
    try:
        rows = decoded_rows(key, file)
        what = "" if are_within_ranges(file, rows) else "the commit recorded ranges that its rows are not in"
    except ObjectDamaged as error:
        what = error.reason
    if what:
        done.findings.append(Finding(key, what, Severity.DAMAGE))
