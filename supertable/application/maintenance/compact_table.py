"""Compaction: small and dirty files are rewritten as few clean ones, without blocking or failing other writers.

Rows are read and written without the table's lock, under a lease that protects the files. At the commit:
1. If another commit removed a source file (an overwrite, a restore, another compaction), the job is obsolete and
   abandoned.
2. Rows that died in a source since it was read are marked dead in the new files by a deletion vector.
3. After a restore it is obsolete too: rows that were not copied may live again, and the columns may be narrower.
Files are written under the schema that is current when a job starts, which the table keeps: see `domain.table.rebase`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from supertable.application.commits.committer import Committer
from supertable.application.maintenance.row_relocation import Rewrite, RowRelocation, SourcesChanged
from supertable.application.ports.engines.row_finders import RowFinder
from supertable.application.ports.leases import Leases
from supertable.application.ports.object_stores import ObjectStore
from supertable.application.storage.arrow_batches import chunks, conforming
from supertable.application.storage.data_file_writer import ROW_GROUP_BYTES, ROW_GROUP_ROWS, DataFileWriter
from supertable.application.storage.deletion_vectors import DeletionVectors
from supertable.application.storage.snapshot_files.compactible_files import compactible_files
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
    """`version`: the newest version after the compaction.

    `commits`: how many versions it made. `given_up`: how many jobs other commits made obsolete. `rows`: live rows that
    were rewritten. `rows_dropped`: dead rows that were left out.
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
        should_stop: Callable[[], bool] = lambda: False,
    ) -> CompactionResult:
        """Compact the table, in jobs of bounded size. Each job makes a version; concurrent writes are not blocked.

        `sort_by`: the columns that order the rows of each job; None: see `sort_columns`. `everything`: rewrite
        all files, not only small and dirty ones. `only_due`: do only what the policy calls due. `should_stop` is called
        before every job; True ends the compaction. Raises `TableNotFound`, and `InvalidSchema` for an unknown column in
        `sort_by`.
        """
        table = self._tables.open(namespace, name, Permission.CONTROL)
        sort_columns(table, sort_by)
        return self.run(table, _plan(table, everything, only_due), sort_by, should_stop)

    def run(
        self,
        table: OpenTable,
        planned: Sequence[Job],
        sort_by: Sequence[str] | None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> CompactionResult:
        """Rewrite the files of these jobs of an open table, one version for each job; the rest is as above."""
        outcomes: list[Sequence[DataFile] | None] = []
        for job in planned:
            if should_stop():
                break
            outcomes.append(self._run(table, job, sort_by))
        return _result(table, self._tables.newest(table), outcomes)

    def _run(self, table: OpenTable, job: Job, sort_by: Sequence[str] | None) -> Sequence[DataFile] | None:
        """Rewrite and commit one job. Returns the files as they were; None: another commit made the job obsolete."""
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
        with self._finder.live_rows(scan, sort_columns(table, sort_by)) as reader:
            rows = conforming(relocation.recording(reader), scan.schema)
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
        return Rewrite(table.snapshot.version, scan.files, files, relocation)


def _plan(table: OpenTable, everything: bool, only_due: bool) -> list[Job]:
    policy = table.snapshot.definition.maintenance
    if everything:
        return jobs(table.snapshot.files.values(), policy, everything)
    files = compactible_files(table.snapshot.files, policy)
    return due_jobs(files, policy) if only_due else jobs(files, policy)


def _result(table: OpenTable, newest: OpenTable, outcomes: Sequence[Sequence[DataFile] | None]) -> CompactionResult:
    before, after = table.snapshot, newest.snapshot
    commits = [files for files in outcomes if files is not None]
    sources = [file for files in commits for file in files]
    return CompactionResult(
        table=newest.name,
        version=after.version,
        commits=len(commits),
        given_up=len(outcomes) - len(commits),
        files_before=len(before.files),
        files_after=len(after.files),
        bytes_before=before.bytes,
        bytes_after=after.bytes,
        rows=sum(file.live_rows for file in sources),
        rows_dropped=sum(file.rows - file.live_rows for file in sources),
    )


def sort_columns(table: OpenTable, sort_by: Sequence[str] | None) -> list[str]:
    """The columns that order rows, by their current names. None: those of the policy, without dropped columns, or else
    the keys: rows are then found by their keys without reading most of a file.

    Raises `InvalidSchema` for an unknown column in `sort_by`.
    """
    schema = table.snapshot.schema
    if sort_by is None:
        definition = table.snapshot.definition
        chosen = [field.name for field_id in definition.maintenance.sort_by if (field := schema.by_id(field_id))]
        return chosen or table.snapshot.key_names
    for name in sort_by:
        if schema.find(name) is None:
            raise InvalidSchema(name, "rows cannot be sorted by a column that does not exist")
    return [field.name for name in sort_by if (field := schema.find(name))]
