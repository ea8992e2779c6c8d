"""Maintenance as background jobs. Permissions and names are checked before a job is created."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict

from supertable.application.audit_recorder import AuditRecorder
from supertable.application.integrity.check_lake import CheckLake, CheckProgress
from supertable.application.jobs.job_runner import JobRun, JobRunner, Work
from supertable.application.jobs.list_jobs import new_job
from supertable.application.maintenance.compact_table import CompactTable, sort_columns
from supertable.application.maintenance.maintain_lake import MaintainLake, MaintenanceReport
from supertable.application.maintenance.vacuum_lake import VacuumLake
from supertable.application.maintenance.vacuum_table import VacuumResult, VacuumTable
from supertable.application.ports.clocks import Clock, Identifiers
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.supertables import ListSupertables
from supertable.domain.access.roles import Permission
from supertable.domain.errors import Damaged
from supertable.domain.findings import CheckReport
from supertable.domain.jobs import JobKind, JobStatus, Outcome
from supertable.domain.maintenance.vacuum import Removal
from supertable.domain.table.maintenance_policy import checked_retention

_MOST_FINDINGS = 1_000


class MaintenanceJobs:
    """Every method starts a job and returns its status.

    Every method raises `AccessDenied`, `NotFound` for a missing table or supertable, and `TooManyJobs`.
    """

    def __init__(
        self,
        tables: Tables,
        list_supertables: ListSupertables,
        compact_table: CompactTable,
        vacuum_table: VacuumTable,
        vacuum_lake: VacuumLake,
        maintain_lake: MaintainLake,
        check_lake: CheckLake,
        runner: JobRunner,
        audit: AuditRecorder,
        clock: Clock,
        identifiers: Identifiers,
    ) -> None:
        self._tables = tables
        self._list_supertables = list_supertables
        self._compact_table = compact_table
        self._vacuum_table = vacuum_table
        self._vacuum_lake = vacuum_lake
        self._maintain_lake = maintain_lake
        self._check_lake = check_lake
        self._runner = runner
        self._audit = audit
        self._clock = clock
        self._identifiers = identifiers

    def compact(self, namespace: Namespace, name: str, sort_by: Sequence[str] | None, everything: bool) -> JobStatus:
        """Start `CompactTable`. A cancelled job stops between two commits. Raises `InvalidSchema` for `sort_by`."""
        table = self._tables.open(namespace, name, Permission.CONTROL)
        sort_columns(table, sort_by)

        def work(run: JobRun) -> Outcome:
            result = self._compact_table(namespace, name, sort_by, everything, should_stop=_count_portions(run))
            return Outcome(asdict(result))

        return self._begin(JobKind.COMPACTION, namespace, work, table.name)

    def vacuum(self, namespace: Namespace, name: str, retention_seconds: float | None, dry_run: bool) -> JobStatus:
        """Start `VacuumTable`. A cancelled job stops before it removes the next objects. Raises `InvalidSetting`."""
        table = self._tables.open(namespace, name, Permission.CONTROL)
        _check_retention(retention_seconds)

        def work(run: JobRun) -> Outcome:
            result = self._vacuum_table(
                namespace, name, retention_seconds, dry_run, before_removal=_count_removals(run)
            )
            return Outcome(_vacuum_fields(result))

        return self._begin(JobKind.VACUUM, namespace, work, table.name)

    def vacuum_all(self, namespace: Namespace, retention_seconds: float | None, dry_run: bool) -> JobStatus:
        """Start `VacuumLake`; see `vacuum`."""
        self._require_supertable(namespace)
        _check_retention(retention_seconds)

        def work(run: JobRun) -> Outcome:
            result = self._vacuum_lake(namespace, retention_seconds, dry_run, before_removal=_count_removals(run))
            purged = [{"table": one.table, "bytes_removed": one.bytes_removed} for one in result.purged]
            return Outcome({"tables": [_vacuum_fields(one) for one in result.tables], "purged": purged})

        return self._begin(JobKind.VACUUM, namespace, work)

    def maintain(self, namespace: Namespace) -> JobStatus:
        """Start `MaintainLake`. A cancelled job stops between two pieces of work."""
        self._require_supertable(namespace)

        def work(run: JobRun) -> Outcome:
            return Outcome(_maintenance_fields(self._maintain_lake(namespace, _count_portions(run))))

        return self._begin(JobKind.MAINTENANCE, namespace, work)

    def check(self, namespace: Namespace, repair: bool, quick: bool) -> JobStatus:
        """Start `CheckLake`. A cancelled job stops while it reads data files."""
        try:
            self._require_supertable(namespace)
        except Damaged:
            pass  # a damaged registry is what the check reports

        def work(run: JobRun) -> Outcome:
            def report_progress(progress: CheckProgress) -> None:
                run.raise_if_stopped()
                run.report_progress(progress.bytes_done, progress.bytes_total, f"bytes of table {progress.table}")

            return Outcome(_check_fields(self._check_lake(namespace, repair, quick, report_progress)))

        return self._begin(JobKind.CHECK, namespace, work)

    def _require_supertable(self, namespace: Namespace) -> None:
        self._tables.require(namespace.session, Permission.CONTROL)
        self._list_supertables.one(namespace)

    def _begin(self, kind: JobKind, namespace: Namespace, work: Work, table: str = "") -> JobStatus:
        self._audit.ensure_ready(namespace.organization, frees_space=kind in _FREEING)
        job = new_job(kind, namespace, self._clock, self._identifiers, table)
        return self._runner.submit(job, work, lambda: self._tables.require(namespace.session, Permission.CONTROL))


_FREEING = frozenset({JobKind.VACUUM, JobKind.MAINTENANCE})
"""What may use the space that is kept in reserve for a full disk."""


def _count_portions(run: JobRun) -> Callable[[], bool]:
    """A `should_stop` that also counts the pieces of work, for the job's progress."""

    def should_stop() -> bool:
        run.report_progress(run.progress.done + 1, what="portions")
        return run.stopped()

    return should_stop


def _count_removals(run: JobRun) -> Callable[[Removal], None]:
    def before_removal(removal: Removal) -> None:
        run.raise_if_stopped()
        run.report_progress(run.progress.done + 1, what="objects")

    return before_removal


def _check_retention(seconds: float | None) -> None:
    if seconds is not None:
        checked_retention(seconds)


def _vacuum_fields(result: VacuumResult) -> dict[str, object]:
    return {
        "table": result.table,
        "version": result.version,
        "oldest": result.oldest,
        "dry_run": result.dry_run,
        "objects_removed": len(result.removed),
        "records_emptied": len(result.emptied),
        "bytes_removed": result.bytes_removed,
        "bytes_in_use": result.bytes_in_use,
        "waiting": result.waiting,
    }


def _maintenance_fields(report: MaintenanceReport) -> dict[str, object]:
    return {
        "compactions": [asdict(one) for one in report.compactions],
        "vacuums": [_vacuum_fields(one) for one in report.vacuums],
        "purged": [{"table": one.table, "bytes_removed": one.bytes_removed} for one in report.purged],
        "failures": [asdict(one) for one in report.failures],
    }


def _check_fields(report: CheckReport) -> dict[str, object]:
    """`findings`: the first ones. `findings_total`: the number of all."""
    counted = {name: value for name, value in asdict(report).items() if name != "findings"}
    found = [asdict(finding) for finding in report.findings[:_MOST_FINDINGS]]
    return {"sound": report.sound, **counted, "findings": found, "findings_total": len(report.findings)}
