"""Compaction: small and dirty files written anew as few clean ones, beside writers that never notice.

Rows are read and written without the table's lock, under a lease that keeps the files there. When the commit is made:
1. A source file that was removed (by an overwrite, a restore, another compaction) makes the work obsolete: it is given
   up.
2. Rows that died in a source since it was read are dead in the new files too, by a deletion vector.
3. A source with fewer dead rows than it had (a restore) has rows that were not copied: the work is obsolete as well.
Files are written under the schema that is current when a job starts, which the table remembers: see `domain.rebase`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from supertable.application.commits.committer import Committer
from supertable.application.maintenance.row_relocation import Rewrite, RowRelocation, SourcesChanged
from supertable.application.ports.engines import RowFinder
from supertable.application.ports.leases import Leases
from supertable.application.ports.object_stores import ObjectStore
from supertable.application.storage.arrow_batches import chunks, conforming
from supertable.application.storage.data_file_writer import ROW_GROUP_BYTES, ROW_GROUP_ROWS, DataFileWriter
from supertable.application.storage.deletion_vectors import DeletionVectors
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.open_table import OpenTable
from supertable.domain.access.roles import Permission
from supertable.domain.errors import Conflict, InvalidSchema
from supertable.domain.table.commits import CommitInfo
from supertable.domain.table.compaction import Job, due_jobs, jobs
from supertable.domain.table.data_files import DataFile


@dataclass(frozen=True, slots=True)
class CompactionResult:
    """`version` is the newest, or the one there was when there was nothing to do.

    `commits`: how many versions were made. `given_up`: portions that another commit made obsolete. `rows`: live rows
    that were rewritten; `rows_dropped`: dead ones that were left out.
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
        runs: list[Sequence[DataFile] | None] = []
        for job in _plan(table, everything, only_due):
            if stop():
                break
            runs.append(self._run(table, job, sort_by))
        return _result(table, self._tables.newest(table), runs)

    def _run(self, table: OpenTable, job: Job, sort_by: Sequence[str] | None) -> Sequence[DataFile] | None:
        """Rewrite and commit one portion: its files as they were. None: another commit made it obsolete."""
        with self._leases.begin() as lease:
            now = self._tables.newest(table)
            lease.restrict_to({now.folder: [(now.snapshot.version, now.snapshot.version)]})
            sources = [present for file in job if (present := now.snapshot.files.get(file.path))]
            if len(sources) < len(job):
                return None
            rewrite = self._rewrite(now, sources, sort_by)
            try:
                self._committer.commit(now, partial(rewrite.change, vectors=self._vectors), CommitInfo())
            except (SourcesChanged, Conflict):
                self._store.delete([file.key(now.folder) for file in rewrite.files])
                return None
            return sources

    def _rewrite(self, table: OpenTable, job: Sequence[DataFile], sort_by: Sequence[str] | None) -> Rewrite:
        scan = table.scan(job)
        relocation = RowRelocation(scan.files, table.folder)
        definition = table.snapshot.definition
        with self._finder.live_rows(scan, sorting(table, sort_by)) as reader:
            rows = conforming(relocation.passing(reader), scan.schema)
            files = self._writer.write(
                table.folder,
                scan.schema,
                chunks(rows, ROW_GROUP_ROWS, ROW_GROUP_BYTES),
                definition.keys,
                definition.maintenance.target_file_bytes,
            )
        try:
            relocation.check_complete()
        except BaseException:
            self._store.delete([file.key(table.folder) for file in files])
            raise
        return Rewrite(scan.files, files, relocation)


def _plan(table: OpenTable, everything: bool, only_due: bool) -> list[Job]:
    policy = table.snapshot.definition.maintenance
    files = list(table.snapshot.files.values())
    return due_jobs(files, policy) if only_due else jobs(files, policy, everything)


def _result(table: OpenTable, newest: OpenTable, runs: Sequence[Sequence[DataFile] | None]) -> CompactionResult:
    before, after = table.snapshot, newest.snapshot
    commits = [run for run in runs if run is not None]
    sources = [file for run in commits for file in run]
    return CompactionResult(
        table=newest.name,
        version=after.version,
        commits=len(commits),
        given_up=len(runs) - len(commits),
        files_before=len(before.files),
        files_after=len(after.files),
        bytes_before=before.bytes,
        bytes_after=after.bytes,
        rows=sum(file.live_rows for file in sources),
        rows_dropped=sum(file.rows - file.live_rows for file in sources),
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
            raise InvalidSchema(name, "rows cannot be sorted by a column that does not exist")
    return [field.name for name in sort_by if (field := schema.find(name))]
