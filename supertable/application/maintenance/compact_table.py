"""Compaction: small and dirty files written anew as few clean ones, beside writers that never notice.

Rows are read and written without the table's lock, under a lease that keeps the files there. When the commit is made:
1. A source file that is gone (an overwrite, a restore, another compaction) makes the work moot: it is given up.
2. Rows that died in a source since it was read are dead in the new files too, by a deletion vector.
3. A source with fewer dead rows than it had (a restore) has rows that were not copied: moot as well.
Files are written under the schema that is current when a job starts, which the table remembers: see `domain.rebase`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from supertable.application.commits.committer import Committer
from supertable.application.maintenance.row_relocation import RowRelocation, split
from supertable.application.ports.engines import RowFinder
from supertable.application.ports.leases import Leases
from supertable.application.ports.object_stores import ObjectStore
from supertable.application.storage.arrow_batches import chunks, conforming
from supertable.application.storage.data_file_writer import ROW_GROUP_BYTES, ROW_GROUP_ROWS, DataFileWriter
from supertable.application.storage.deletion_vectors import DeadRowsOfFile, DeletionVectors, Positions
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.open_table import OpenTable
from supertable.application.writes.dead_rows import alive
from supertable.domain.access.roles import Permission
from supertable.domain.errors import Conflict, InvalidSchema
from supertable.domain.table.commits import Change, CommitInfo, Operation
from supertable.domain.table.compaction import Job, due_jobs, jobs
from supertable.domain.table.data_files import DataFile


@dataclass(frozen=True, slots=True)
class CompactionResult:
    """`version` is the newest, or the one there was when there was nothing to do.

    `commits`: how many versions were made. `given_up`: portions that another commit made moot. `rows`: live rows that
    were written anew; `rows_dropped`: dead ones that were left behind.
    """

    table: str
    version: int
    commits: int
    given_up: int
    files_before: int
    files_after: int
    bytes_before: int
    bytes_after: int
    rows: int
    rows_dropped: int


class CompactTable:
    def __init__(
        self,
        tables: Tables,
        committer: Committer,
        finder: RowFinder,
        writer: DataFileWriter,
        vectors: DeletionVectors,
        store: ObjectStore,
        leases: Leases,
    ) -> None:
        self._tables = tables
        self._committer = committer
        self._finder = finder
        self._writer = writer
        self._vectors = vectors
        self._store = store
        self._leases = leases

    def __call__(
        self,
        namespace: Namespace,
        name: str,
        sort_by: Sequence[str] | None = None,
        everything: bool = False,
        only_due: bool = False,
        stop: Callable[[], bool] = lambda: False,
    ) -> CompactionResult:
        """Compact the table, in portions of a bounded size, each a version of its own. Other writes go on meanwhile.

        `sort_by`: the order that each portion's rows get; None: that of the table's policy. `everything`: all files,
        not just small and dirty ones. `only_due`: only what the policy says is worth it. `stop` is asked before every
        portion. Raises `TableNotFound` and, for a column to sort by that is not there, `InvalidSchema`.
        """
        table = self._tables.open(namespace, name, Permission.CONTROL)
        sorting(table, sort_by)
        policy = table.snapshot.definition.maintenance
        files = list(table.snapshot.files.values())
        done = _Done(table)
        for job in due_jobs(files, policy) if only_due else jobs(files, policy, everything):
            if stop():
                break
            self._run(table, job, sort_by, done)
        return done.result(self._tables.newest(table))

    def _run(self, table: OpenTable, job: Job, sort_by: Sequence[str] | None, done: _Done) -> None:
        with self._leases.begin() as lease:
            now = self._tables.newest(table)
            lease.restrict_to({now.folder: [(now.snapshot.version, now.snapshot.version)]})
            sources = [present for file in job if (present := now.snapshot.files.get(file.path))]
            if len(sources) < len(job):
                done.given_up += 1
                return
            written = self._written(now, sources, sort_by)
            try:
                self._committer.commit(now, lambda newest: self._change(newest, written), CommitInfo())
                done.count(written)
            except (_Moot, Conflict):
                self._store.delete([file.key(now.folder) for file in written.files])
                done.given_up += 1

    def _written(self, table: OpenTable, job: Sequence[DataFile], sort_by: Sequence[str] | None) -> _Written:
        scan = table.scan(job)
        placement = RowRelocation(scan.files, table.folder)
        definition = table.snapshot.definition
        with self._finder.live_rows(scan, sorting(table, sort_by)) as reader:
            rows = conforming(placement.passing(reader), scan.schema)
            files = self._writer.write(
                table.folder,
                scan.schema,
                chunks(rows, ROW_GROUP_ROWS, ROW_GROUP_BYTES),
                definition.keys,
                definition.maintenance.target_file_bytes,
            )
        written = _Written(table.folder, scan.files, files, placement)
        try:
            placement.check_complete()
        except BaseException:
            self._store.delete([file.key(table.folder) for file in files])
            raise
        return written

    def _change(self, newest: OpenTable, written: _Written) -> Change:
        died = [self._died(newest, written, i) for i in range(len(written.sources))]
        marked = {
            path: DeadRowsOfFile(written.file(path), rows)
            for path, rows in split(np.concatenate(died), written.files).items()
        }
        none_left = {path for path, mark in marked.items() if len(mark.positions) == mark.file.rows}
        partly = {path: mark for path, mark in marked.items() if path not in none_left}
        vectors = self._vectors.extended(newest.folder, partly)
        return Change(
            Operation.COMPACT,
            added=tuple(alive(written.files, vectors, none_left)),
            removed=tuple(file.path for file in written.sources),
        )

    def _died(self, newest: OpenTable, written: _Written, source: int) -> Positions:
        """New positions of the rows that died in a source file since it was read."""
        before = written.sources[source]
        after = newest.snapshot.files.get(before.path)
        if after is None:
            raise _Moot
        if after.deletes == before.deletes:
            return np.empty(0, np.int64)
        dead_before, dead_after = self._dead(newest, before), self._dead(newest, after)
        if (dead_before & ~dead_after).any():
            raise _Moot
        rows = np.flatnonzero(np.unpackbits(dead_after & ~dead_before, count=before.rows))
        return written.placement.moved(source, rows)

    def _dead(self, table: OpenTable, file: DataFile) -> np.ndarray:
        return np.frombuffer(self._vectors.bitmap(table.folder, file), dtype=np.uint8)


class _Moot(Exception):
    """Another commit took away what was compacted."""


@dataclass(frozen=True, slots=True)
class _Written:
    """New files, in the order in which rows were written to them, and what they were made of."""

    folder: str
    sources: Sequence[DataFile]
    files: Sequence[DataFile]
    placement: RowRelocation

    def file(self, path: str) -> DataFile:
        return next(file for file in self.files if file.path == path)


@dataclass(slots=True)
class _Done:
    table: OpenTable
    commits: int = 0
    given_up: int = 0
    rows: int = 0
    rows_dropped: int = 0

    def count(self, written: _Written) -> None:
        self.commits += 1
        self.rows += sum(file.live_rows for file in written.sources)
        self.rows_dropped += sum(file.rows - file.live_rows for file in written.sources)

    def result(self, newest: OpenTable) -> CompactionResult:
        before, after = self.table.snapshot, newest.snapshot
        return CompactionResult(
            table=newest.name,
            version=after.version,
            commits=self.commits,
            given_up=self.given_up,
            files_before=len(before.files),
            files_after=len(after.files),
            bytes_before=before.bytes,
            bytes_after=after.bytes,
            rows=self.rows,
            rows_dropped=self.rows_dropped,
        )


def sorting(table: OpenTable, sort_by: Sequence[str] | None) -> list[str]:
    """The columns by their present names. One of the policy that was dropped since is passed over.

    Raises `InvalidSchema` for one of `sort_by` that is not there.
    """
    schema = table.snapshot.schema
    if sort_by is None:
        ids = table.snapshot.definition.maintenance.sort_by
        return [field.name for field_id in ids if (field := schema.by_id(field_id))]
    for name in sort_by:
        if schema.find(name) is None:
            raise InvalidSchema(name, "rows are to be sorted by it, but there is no such column")
    return [field.name for name in sort_by if (field := schema.find(name))]
