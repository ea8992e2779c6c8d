"""The rows that came and went between two versions, as a source that an engine can read. Cost follows the change."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from supertable.application.ports.engines import Changes, ChangesRequest, ChangeStep
from supertable.application.storage.deletion_vectors import DeletionVectors
from supertable.application.tables.lookup import Tables
from supertable.application.tables.open_table import OpenTable
from supertable.domain.errors import VersionNotFound
from supertable.domain.scan.scan_plan import Scan
from supertable.domain.table.change_feed import Step, TouchedFile, steps
from supertable.domain.table.data_files import DataFile

Bits = npt.NDArray[np.uint8]


class ChangeFeed:
    def __init__(self, tables: Tables, vectors: DeletionVectors) -> None:
        self._tables = tables
        self._vectors = vectors

    def __call__(self, table: OpenTable, asked: ChangesRequest) -> Changes:
        """Raises `VersionNotFound` where a version that is needed is not there.

        Callers who do not see the keys see no updates, but what went and came.
        """
        up_to = table.snapshot.version if asked.up_to is None else asked.up_to
        last = self._tables.at_version(table, up_to)
        if 0 < asked.after < table.snapshot.oldest:  # a tag keeps a version, not the way from there to here
            raise VersionNotFound(table.name, str(asked.after), table.snapshot.oldest, table.snapshot.version)
        if asked.after == 0 and table.snapshot.oldest == 1:
            files = {}
        else:
            files = dict(self._tables.at_version(table, asked.after).snapshot.files)
        if asked.after > up_to:
            raise VersionNotFound(table.name, f"{up_to} after version {asked.after}", table.snapshot.oldest, up_to)
        commits = reversed(self._tables.commits(table, up_to, up_to - asked.after))
        found = (self._step(last, step) for step in steps(files, commits))
        keys = last.snapshot.key_names
        seen = keys if all(last.unmasked.find(key) for key in keys) else []
        return Changes(last.schema, tuple(seen), tuple(step for step in found if step))

    def _step(self, last: OpenTable, step: Step) -> ChangeStep | None:
        gone = self._scan(last, [self._part(last, part, part.before, part.after) for part in step.touched])
        came = self._scan(last, [self._part(last, part, part.after, part.before) for part in step.touched])
        return ChangeStep(step.version, gone, came) if gone.groups or came.groups else None

    def _part(
        self, last: OpenTable, part: TouchedFile, there: DataFile | None, other: DataFile | None
    ) -> tuple[DataFile, Bits] | None:
        """The file, and the bits of the rows to hide: all but those that are live in `there` and not in `other`."""
        if there is None:
            return None
        dead = self._dead(last, there)
        hidden = dead if other is None else dead | ~self._dead(last, other)
        bits = np.unpackbits(hidden, count=part.file.rows)
        return None if bits.all() else (there, np.packbits(bits))

    def _dead(self, last: OpenTable, file: DataFile) -> Bits:
        return np.frombuffer(self._vectors.bitmap(last.folder, file), dtype=np.uint8)

    @staticmethod
    def _scan(last: OpenTable, parts: list[tuple[DataFile, Bits] | None]) -> Scan:
        shown = [part for part in parts if part is not None]
        hidden = {file.path: bits.tobytes() for file, bits in shown if bits.any()}
        return last.scan([replace(file, deletes=None) for file, _ in shown], hidden=hidden)
