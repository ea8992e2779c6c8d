"""Compaction: small and dirty files are rewritten as few clean ones, without blocking or failing other writers.

Rows are read and written without the table's lock, under a lease that protects the files. At the commit:
1. If another commit removed a source file (an overwrite, a restore, another compaction), the job is obsolete and
   abandoned.
2. Rows that died in a source since it was read are marked dead in the new files by a deletion vector.
3. After a restore it is obsolete too: rows that were not copied may live again, and the columns may be narrower.
Files are written under the schema that is current when a job starts, which the table keeps: see `domain.table.rebase`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
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
from supertable.application.storage.layout.arranged_rows import Arrangement
from supertable.application.storage.snapshot_files.compactible_files import compactible_files
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.open_table import OpenTable
from supertable.domain.access.roles import Permission
from supertable.domain.errors import Conflict
from supertable.domain.layout import layouts
from supertable.domain.layout.layouts import Layout, PartitionField, SortColumn
from supertable.domain.maintenance.compaction import MOST_PARTITIONS, Job, due_jobs, jobs, partition_of, splits_well
from supertable.domain.table.commits import CommitInfo
from supertable.domain.table.data_files import DataFile
from supertable.domain.table.maintenance_policy import layout_of


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
        return self.run(table, self._planned(table, everything, only_due), sort_by, should_stop)

    def _planned(self, table: OpenTable, everything: bool, only_due: bool) -> Iterator[Job]:
        """Strays first. What becomes of them is then merged with the other files of their partitions."""
        planned = planned_jobs(table, everything, only_due)
        partitions = _partitions(table)
        strays = [job for job in planned if _has_strays(job, partitions)] if partitions else []
        yield from strays
        if not strays:
            yield from planned
        elif not everything:
            again = planned_jobs(self._tables.newest(table), everything, only_due)
            yield from (job for job in again if not _has_strays(job, partitions))

    def run(
        self,
        table: OpenTable,
        planned: Iterable[Job],
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
        order = sort_columns(table, sort_by)
        partitions = _partitions(table)
        several = len({partition_of(file, partitions) for file in job}) > 1 or _has_strays(job, partitions)
        arrangement = _arrangement(table, job, order, several)
        with self._finder.live_rows(scan, [*(_sorted_partitions(table) if several else ()), *order]) as reader:
            rows = conforming(relocation.recording(reader), scan.schema)
            files = self._writer.write(
                table.folder,
                scan.schema,
                chunks(rows, ROW_GROUP_ROWS, ROW_GROUP_BYTES),
                definition.keys,
                definition.maintenance.target_file_bytes,
                arrangement,
            )
        try:
            if arrangement.orders:
                relocation.rearrange(arrangement.orders)
            relocation.check_complete()
        except BaseException:
            self._store.delete([file.key(table.folder) for file in files])
            raise
        return Rewrite(table.snapshot.version, scan.files, files, relocation)


def planned_jobs(table: OpenTable, everything: bool, only_due: bool) -> list[Job]:
    policy, partitions = table.snapshot.definition.maintenance, _partitions(table)
    if everything:
        return jobs(table.snapshot.files.values(), policy, everything, partitions)
    files = compactible_files(table.snapshot.files, policy, partitions)
    return due_jobs(files, policy, partitions) if only_due else jobs(files, policy, False, partitions)


def _partitions(table: OpenTable) -> tuple[PartitionField, ...]:
    return layout_of(table.snapshot.definition.maintenance, table.snapshot.schema).partition_by


def _has_strays(job: Sequence[DataFile], partitions: Sequence[PartitionField]) -> bool:
    return any(partition_of(file, partitions) is None for file in job)


def _arrangement(table: OpenTable, job: Sequence[DataFile], order: Sequence[SortColumn], several: bool) -> Arrangement:
    """How sorted rows are written. Those of several partitions are sorted again in each of them."""
    partitions = _partitions(table)
    if not partitions:
        return Arrangement(Layout(), table.snapshot.schema)
    layout = Layout(partitions, tuple(order) if several else ())
    few = all(splits_well(file, partitions) for file in job)
    most = math.inf if few else MOST_PARTITIONS
    return Arrangement(layout, table.snapshot.schema, most_partitions=most, least_rows=0, orders=[])


def _sorted_partitions(table: OpenTable) -> list[SortColumn]:
    """The columns whose order is that of their partitions."""
    schema = table.snapshot.schema
    columns = (schema.by_id(each.column) for each in _partitions(table) if each.transform != "bucket")
    return [SortColumn(column.name) for column in columns if column]


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


def sort_columns(table: OpenTable, sort_by: Sequence[str] | None) -> Sequence[SortColumn]:
    """The columns that order rows, by their current names. None: those of the policy, without dropped columns, or else
    the keys: rows are then found by their keys without reading most of a file.

    Raises `InvalidSchema` for an unknown column in `sort_by`.
    """
    schema = table.snapshot.schema
    if sort_by is None:
        chosen = layout_of(table.snapshot.definition.maintenance, schema).sort_by
        return chosen or [SortColumn(name) for name in table.snapshot.key_names]
    return layouts.sort_columns(sort_by, schema)
