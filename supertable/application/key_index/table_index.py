"""The key index of one table: runs over some of its data files."""

from __future__ import annotations

import threading
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from supertable.application.key_index.key_words import KeyShape, Words
from supertable.application.key_index.runs import MOST_FILES, Hits, Keys, Run, joined, sorted_run, tiered
from supertable.domain.table.data_files import DataFile
from supertable.domain.table.file_sets import added_since

_RATIO = 4
_SPARE_ROWS = 100_000


class TableIndex:
    """Positions by key, in the files that it covers, whatever version has them. Thread-safe.

    A file is covered only once its run can be found. Files are added, and never removed: see `without_others`.
    """

    def __init__(self, shape: KeyShape) -> None:
        self.shape = shape
        self.searched_rows = 0
        """How many rows of files that were not covered were searched in other ways."""
        self.extending = threading.Lock()
        """Held by the one thread that reads keys of files for it."""
        self._runs: tuple[Run, ...] = ()
        self._numbers: dict[str, int] = {}
        self._paths: list[str] = []
        self._rows_at_first = 0
        self._complete: Mapping[str, DataFile] = {}
        """Files that are all covered."""
        self._lock = threading.Lock()

    @property
    def rows(self) -> int:
        return sum(run.rows for run in self._runs)

    @property
    def bytes(self) -> int:
        return sum(run.bytes for run in self._runs)

    @property
    def may_have_shrunk(self) -> bool:
        """Whether so much was added that looking for files that the table lost is worthwhile."""
        return self.rows > 2 * self._rows_at_first + _SPARE_ROWS

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

    def add(
        self,
        paths: Sequence[str],
        keys: Keys,
        files: npt.NDArray[np.int64],
        rows: npt.NDArray[np.int64],
        sequences: Words | None,
    ) -> None:
        """Cover more files: their keys, each with its row. `files`: indexes in `paths`. No-op if they are too many."""
        with self._lock:
            start = len(self._paths)
            if start + len(paths) > MOST_FILES:
                return
            self._paths += paths
            if len(keys.words):
                run = sorted_run(keys, files + start, rows, sequences)
                self._runs = tiered([*self._runs, run], _RATIO)
            self._rows_at_first = self._rows_at_first or self.rows
            self._numbers.update(zip(paths, range(start, start + len(paths)), strict=True))

    def without_others(self, live: Container[str]) -> TableIndex:
        """The same index without files that the table no longer has. Others may still read this one."""
        with self._lock:
            kept = TableIndex(self.shape)
            kept.searched_rows = self.searched_rows
            kept._paths = [path if path in live else "" for path in self._paths]
            kept._numbers = {path: number for path, number in self._numbers.items() if path in live}
            stays = np.zeros(len(self._paths), dtype=bool)
            stays[list(kept._numbers.values())] = True
            kept._runs = tuple(run for run in _only(self._runs, stays) if run.rows)
            kept._rows_at_first = kept.rows
            return kept


def _only(runs: Iterable[Run], files: npt.NDArray[np.bool_]) -> Iterator[Run]:
    for run in runs:
        yield run.only(files)
