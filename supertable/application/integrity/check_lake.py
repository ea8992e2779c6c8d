"""Checks a whole supertable (fsck): its logs, files and catalog, and the roles and users of its organization.

Safe while readers and writers run. A repair writes only what storage or the catalog proves: checkpoints from the log;
log records from the catalog's copy, if it is intact and every file that it refers to exists; the catalog from storage.
Lost data stays lost, and is reported.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import chain

from supertable.application.integrity.check_catalog import CatalogChecker, Copies
from supertable.application.integrity.check_files import CheckedFiles, FileChecker, referred_to
from supertable.application.integrity.check_log import CheckedLog, LogChecker
from supertable.application.ports.clocks import Clock
from supertable.application.ports.leases import Leases
from supertable.application.ports.object_stores import ObjectStore
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.application.transaction_log.versioned_log import VersionedLog
from supertable.domain.access.accounts import Access, AccessCommit
from supertable.domain.access.roles import Permission
from supertable.domain.errors import Damaged
from supertable.domain.findings import CheckReport, Finding, Severity
from supertable.domain.maintenance.vacuum import Span, merged
from supertable.domain.storage_layout import access_log, record_key
from supertable.domain.table.commits import Commit
from supertable.domain.table.data_files import DataFile
from supertable.domain.table.registry import EMPTY, Registry, RegistryCommit, TableEntry
from supertable.domain.table.snapshots import Snapshot


@dataclass(frozen=True, slots=True)
class CheckProgress:
    """`table` is being checked: `bytes_done` of the `bytes_total` of its data files have been read."""

    table: str
    bytes_done: int
    bytes_total: int


class CheckLake:
    def __init__(
        self,
        tables: Tables,
        store: ObjectStore,
        registries: LogChecker[RegistryCommit, Registry],
        snapshots: LogChecker[Commit, Snapshot],
        accesses: LogChecker[AccessCommit, Access],
        fresh_registries: Callable[[], VersionedLog[RegistryCommit, Registry]],
        fresh_snapshots: Callable[[], VersionedLog[Commit, Snapshot]],
        fresh_accesses: Callable[[], VersionedLog[AccessCommit, Access]],
        files: Callable[[], FileChecker],
        catalog: CatalogChecker,
        leases: Leases,
        clock: Clock,
    ) -> None:
        """The `fresh_…` functions and `files` create objects whose caches are empty."""
        self._tables = tables
        self._store = store
        self._registries = registries
        self._snapshots = snapshots
        self._accesses = accesses
        self._fresh_registries = fresh_registries
        self._fresh_snapshots = fresh_snapshots
        self._fresh_accesses = fresh_accesses
        self._files = files
        self._catalog = catalog
        self._leases = leases
        self._clock = clock

    def __call__(
        self,
        namespace: Namespace,
        repair: bool = False,
        quick: bool = False,
        progress: Callable[[CheckProgress], None] = lambda progress: None,
    ) -> CheckReport:
        """Check everything. `quick`: check only the sizes of data files, not their bytes. `repair`: see the module.

        All damage is in the report, not raised. Raises `AccessDenied`, `NotSignedIn` and `Unavailable`.
        """
        self._tables.require(namespace.session, Permission.CONTROL)
        started = self._clock.monotonic_seconds()
        run = _Run(self._fresh_snapshots(), self._files(), repair, quick, progress)
        ids = {*self._store.folders(f"{namespace.tables_folder}/")}
        access = access_log(namespace.organization)
        copies = self._catalog.copies(
            namespace, [access, namespace.registry, *(namespace.folder(table_id) for table_id in ids)]
        )
        self._check_access(access, copies, run)
        registry = self._check_registry(namespace, copies, run)
        for table_id in sorted(ids | registry.entries.keys()):
            self._check_table(registry.entries.get(table_id), namespace.folder(table_id), copies, run)
        run.findings += self._catalog.check(copies, {checked.log: checked.newest for checked in run.logs}, repair)
        return run.report(self._clock.monotonic_seconds() - started)

    def _check_access(self, log: str, copies: Copies, run: _Run) -> None:
        checked = self._accesses.check(log, copies.records(log), run.repair)
        if checked.state is not None:
            states = self._fresh_accesses() if run.repair else None
            self._accesses.check_missing(checked, [(1, checked.newest)], states)
        run.logs.append(checked)
        if checked.state is None and checked.newest:
            what = "roles and users cannot be read, so that only the superuser has access"
            run.findings.append(Finding(log, what, Severity.DAMAGE))

    def _check_registry(self, namespace: Namespace, copies: Copies, run: _Run) -> Registry:
        checked = self._registries.check(namespace.registry, copies.records(namespace.registry), run.repair)
        if checked.state is not None:
            states = self._fresh_registries() if run.repair else None
            self._registries.check_missing(checked, [(1, checked.newest)], states)
        run.logs.append(checked)
        if checked.state is None and checked.newest:
            what = "the list of tables cannot be read"
            run.findings.append(Finding(namespace.registry, what, Severity.DAMAGE))
        return checked.state or EMPTY

    def _check_table(self, entry: TableEntry | None, folder: str, copies: Copies, run: _Run) -> None:
        with self._leases.begin() as lease:
            checked = self._snapshots.check(folder, copies.records(folder), run.repair)
            run.logs.append(checked)
            run.tables += checked.newest > 0
            if entry is None:
                what = "a folder of no table: left by an interrupted creation, or by a purge, which a vacuum completes"
                run.findings.append(Finding(folder, what, Severity.NOTE))
                return
            if not checked.newest:
                lost = f"table {entry.name} is registered, but its log is missing"
                run.findings.append(Finding(record_key(folder, 1), lost, Severity.DAMAGE))
                return
            if checked.state is None:
                what = f"the files of table {entry.name} were not checked, because its log is damaged"
                run.findings.append(Finding(folder, what, Severity.NOTE))
                return
            spans = self._kept_spans(entry, checked, checked.state, run)
            lease.restrict_to({folder: spans})
            self._snapshots.check_missing(checked, spans, run.snapshots if run.repair else None)
            self._check_files(entry, checked, spans, run)

    @staticmethod
    def _kept_spans(entry: TableEntry, checked: CheckedLog[Snapshot], newest: Snapshot, run: _Run) -> list[Span]:
        lost = {version for version in entry.pinned if not 1 <= version <= checked.newest}
        for version in sorted(lost):
            what = f"a tag or clone of table {entry.name} needs version {version}, which is missing"
            run.findings.append(Finding(record_key(checked.log, version), what, Severity.DAMAGE))
        return merged([(newest.oldest, newest.version), *((pin, pin) for pin in entry.pinned - lost)])

    def _check_files(self, entry: TableEntry, checked: CheckedLog[Snapshot], spans: list[Span], run: _Run) -> None:
        files: list[DataFile] = []
        try:
            for first, last in spans:
                commits = run.snapshots.records(checked.log, range(first + 1, last + 1))
                files += referred_to(run.snapshots.state(checked.log, first), commits)
        except Damaged as error:
            what = f"some versions of table {entry.name} cannot be read, so that their files were not checked: {error}"
            run.findings.append(Finding(checked.log, what, Severity.NOTE))
        run.check(entry.name, checked.log, files)


@dataclass(slots=True)
class _Run:
    """The state of one check."""

    snapshots: VersionedLog[Commit, Snapshot]
    files: FileChecker
    repair: bool
    quick: bool
    progress: Callable[[CheckProgress], None]
    logs: list[CheckedLog[Snapshot] | CheckedLog[Registry] | CheckedLog[Access]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    checked: CheckedFiles = field(default_factory=CheckedFiles)
    tables: int = 0

    def check(self, table: str, folder: str, files: list[DataFile]) -> None:
        sizes = {file.key(folder): file.bytes for file in files}
        total = 0 if self.quick else sum(size for key, size in sizes.items() if key not in self.checked.files)
        read = 0

        def advance(count: int) -> None:
            nonlocal read
            read += count
            self.progress(CheckProgress(table, read, total))

        advance(0)
        self.files.check(folder, files, self.quick, advance, self.checked)

    def report(self, seconds: float) -> CheckReport:
        return CheckReport(
            findings=(*chain.from_iterable(log.findings for log in self.logs), *self.findings, *self.checked.findings),
            tables=self.tables,
            records=sum(checked.records for checked in self.logs),
            checkpoints=sum(len(checked.checkpoints) for checked in self.logs),
            files=len(self.checked.files),
            vectors=len(self.checked.vectors),
            bytes_read=self.checked.bytes_read,
            seconds=seconds,
        )
