"""The key index of one table: runs over some of its data files."""

from __future__ import annotations

import threading
from collections.abc import Container, Mapping, Sequence
from contextlib import suppress

import numpy as np

from supertable.application.key_index.file_keys import KeysOfFiles
from supertable.application.key_index.key_words import Flags, KeyShape
from supertable.application.key_index.runs import MOST_FILES, Hits, Keys, Run, joined, merged, sorted_run, untiered
from supertable.domain.table.data_files import DataFile
from supertable.domain.table.file_sets import added_since

_RATIO = 4
_GROWTH = 1.5
_SPARE_ROWS = 100_000
_MERGED_AT_ONCE = 200_000
"""Rows of runs that a write merges. More are merged beside it, so that no write waits for them."""
_FILE_BYTES = 200
"""What a covered file takes, besides its rows."""
_LOST_SHARE = 4
"""At least a fourth of the rows must be lost before they are dropped."""


class TableIndex:
    """Positions by key, in the files that it covers, whatever version has them. Thread-safe.

    A file is covered only once its run can be found. Files are added, and never removed: see `without_lost`.
    """

    def __init__(self, shape: KeyShape, merged_at_once: int = _MERGED_AT_ONCE) -> None:
        self.shape = shape
        self._merged_at_once = merged_at_once
        self.searched_rows = 0
        """How many rows of files that were not covered were searched in other ways."""
        self.extending = threading.Lock()
        """Held by the one thread that reads keys of files for it."""
        self._runs: tuple[Run, ...] = ()
        self._busy = 0
        """So many runs, the first ones, stay until some of them are merged."""
        self._numbers: dict[str, int] = {}
        self._paths: list[str] = []
        self._sizes: list[int] = []
        self._rows_then = 0
        self._settled = 0
        """How many files, and rows, there were when files that the table lost were last looked for."""
        self._complete: Mapping[str, DataFile] = {}
        """Files that are all covered."""
        self._lock = threading.Lock()

    @property
    def rows(self) -> int:
        return sum(run.rows for run in self._runs)

    @property
    def bytes(self) -> int:
        return sum(run.bytes for run in self._runs) + _FILE_BYTES * len(self._numbers)

    @property
    def may_have_shrunk(self) -> bool:
        """Whether so much was added that looking for files that the table lost is worthwhile."""
        return self.rows > _GROWTH * self._rows_then + _SPARE_ROWS

    def uncovered(self, files: Mapping[str, DataFile]) -> dict[str, DataFile]:
        """Those of the files that are not covered. Quick where few files were added since the last call."""
        found = {path: file for path, file in added_since(self._complete, files).items() if path not in self._numbers}
        if not found:
            self._complete = files
        return found

    def covers(self, path: str) -> bool:
        return path in self._numbers

    def path(self, number: int) -> str:
        return self._paths[number]

    def found(self, wanted: Keys) -> Hits:
        """The rows of covered files, dead ones included, with these keys."""
        order = np.argsort(wanted.words, kind="stable")
        return joined([run.found(wanted, order) for run in self._runs])

    def add(self, paths: Sequence[str], found: KeysOfFiles) -> None:
        """Cover more files. `found.files`: indexes in `paths`. No-op if they are too many."""
        with self._lock:
            start = len(self._paths)
            if start + len(paths) > MOST_FILES:
                return
            self._paths += paths
            self._sizes += np.bincount(found.files, minlength=len(paths)).tolist()
            if len(found.rows):
                run = sorted_run(found.keys, found.files + start, found.rows, found.sequences)
                self._runs = (*self._runs, run)
                self._tier()
            self._rows_then = self._rows_then or self.rows
            self._numbers.update(zip(paths, range(start, start + len(paths)), strict=True))

    def _tier(self) -> None:
        """Merge the last runs where each is to be much longer than the next."""
        last = untiered(self._runs[self._busy :], _RATIO)
        if len(last) == 1:
            return
        if sum(run.rows for run in last) <= self._merged_at_once:
            self._runs = (*self._runs[: -len(last)], merged(last))
        elif not self._busy:
            with suppress(RuntimeError):  # there can be no more threads: the next write tries again
                threading.Thread(target=self._merge, args=(last,), name="key-index", daemon=True).start()
                self._busy = len(self._runs)

    def _merge(self, last: Sequence[Run]) -> None:
        """Merge the last of the busy runs, in a thread that no write waits for."""
        one = last
        try:
            one = [merged(last)]
        finally:
            with self._lock:
                self._runs = (*self._runs[: self._busy - len(last)], *one, *self._runs[self._busy :])
                self._busy = 0

    def without_lost(self, live: Container[str]) -> TableIndex:
        """The same index without files that the table lost, or this one if they are few. Others may read this one.

        Files that were added since the last call stay: they may be those of a write that is not committed yet.
        """
        with self._lock:
            kept = [n >= self._settled or path in live for n, path in enumerate(self._paths)]
            lost = sum(size for size, stays in zip(self._sizes, kept, strict=True) if not stays)
            self._settled, self._rows_then = len(self._paths), self.rows
            return self._only(np.array(kept, dtype=bool)) if lost * _LOST_SHARE > self.rows else self

    def _only(self, kept: Flags) -> TableIndex:
        """`kept`: by number, whether a file stays."""
        index = TableIndex(self.shape)
        index.searched_rows = self.searched_rows
        index._paths = [path if kept[number] else "" for number, path in enumerate(self._paths)]
        index._sizes = [size if kept[number] else 0 for number, size in enumerate(self._sizes)]
        index._numbers = {path: number for path, number in self._numbers.items() if kept[number]}
        index._runs = tuple(run for run in (run.only(kept) for run in self._runs) if run.rows)
        index._settled, index._rows_then = self._settled, index.rows
        return index
