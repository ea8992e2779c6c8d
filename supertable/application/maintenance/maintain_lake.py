"""Maintenance by policy: does what is due for each table of a supertable. Meant to run regularly."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from supertable.application.jobs.expired_jobs import ExpiredJobs, ExpireJobs
from supertable.application.maintenance.compact_table import CompactionResult, CompactTable, planned_jobs
from supertable.application.maintenance.purge_tables import PurgeResult, PurgeTables
from supertable.application.maintenance.vacuum_table import VacuumResult, VacuumTable
from supertable.application.ports.clocks import Clock
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace, audit_namespace
from supertable.application.tables.open_table import OpenTable
from supertable.domain.access.roles import Permission
from supertable.domain.audit_exports import SEQUENCE, due_merges
from supertable.domain.errors import SupertableError, TableNotFound
from supertable.domain.system_tables import AUDIT, SYSTEM, is_system
from supertable.domain.table.maintenance_policy import vacuum_due

_LOG = logging.getLogger(__name__)
_AUDIT_LOG = f"{SYSTEM}.{AUDIT}"


@dataclass(frozen=True, slots=True)
class Failure:
    """An action that failed. `table` is empty if it concerns the whole supertable."""

    table: str
    action: str
    reason: str


@dataclass(slots=True)
class MaintenanceReport:
    """What one round of maintenance did. A failure of one table does not stop the others.

    The audit log of the organization is the table `system.audit`. `jobs`: its expired jobs that were removed; None: the
    round ended earlier.
    """

    compactions: list[CompactionResult] = field(default_factory=list)
    vacuums: list[VacuumResult] = field(default_factory=list)
    purged: list[PurgeResult] = field(default_factory=list)
    jobs: ExpiredJobs | None = None
    failures: list[Failure] = field(default_factory=list)


class MaintainLake:
    def __init__(
        self,
        tables: Tables,
        compact: CompactTable,
        vacuum: VacuumTable,
        purge: PurgeTables,
        sweep: ExpireJobs,
        clock: Clock,
    ) -> None:
        self._tables = tables
        self._compact = compact
        self._vacuum = vacuum
        self._purge = purge
        self._sweep = sweep
        self._clock = clock

    def __call__(self, namespace: Namespace, should_stop: Callable[[], bool] = lambda: False) -> MaintenanceReport:
        """Do what is due for every table and the audit log, purge dropped tables, and delete expired jobs.

        `should_stop` is called between two pieces of work; True ends the round early.
        """
        report = MaintenanceReport()
        entries = self._tables.registry(namespace).tables
        for entry in [] if is_system(namespace.supertable) else entries:
            if should_stop():
                return report
            with _recording_failure(report, entry.name, "compact"):
                self._compact_if_due(
                    namespace, self._tables.open(namespace, entry.name, Permission.CONTROL), should_stop, report
                )
            with _recording_failure(report, entry.name, "vacuum"):
                if self.vacuum_is_due(self._tables.open(namespace, entry.name, Permission.CONTROL)):
                    report.vacuums.append(self._vacuum(namespace, entry.name))
        with _recording_failure(report, "", "purge"):
            report.purged += [] if should_stop() else self._purge(namespace)
        with _recording_failure(report, "", "sweep jobs"):
            report.jobs = None if should_stop() else self._sweep(namespace.organization)
        with _recording_failure(report, _AUDIT_LOG, "maintain"):
            if not should_stop():
                self._maintain_audit_log(audit_namespace(namespace.organization), should_stop, report)
        return report

    def _maintain_audit_log(
        self, namespace: Namespace, should_stop: Callable[[], bool], report: MaintenanceReport
    ) -> None:
        """Merge exports, and remove those that were merged long enough ago."""
        table = self._tables.open(namespace, AUDIT, Permission.META)
        if due := due_merges(table.snapshot.files.values()):
            merged = self._compact.run(table, due, [SEQUENCE], should_stop)
            report.compactions.append(replace(merged, table=_AUDIT_LOG))
        if not should_stop() and self.vacuum_is_due(self._tables.newest(table)):
            report.vacuums.append(replace(self._vacuum.run(self._tables.newest(table)), table=_AUDIT_LOG))

    def _compact_if_due(
        self, namespace: Namespace, table: OpenTable, should_stop: Callable[[], bool], report: MaintenanceReport
    ) -> None:
        if planned_jobs(table, everything=False, only_due=True):
            report.compactions.append(self._compact(namespace, table.name, only_due=True, should_stop=should_stop))

    def vacuum_is_due(self, table: OpenTable) -> bool:
        """Whether the policy of the table says so."""
        snapshot = table.snapshot
        next_commits = self._tables.commits(table, snapshot.oldest + 1, 1) if snapshot.oldest < snapshot.version else []
        replaced_at_us = next_commits[0].committed_at_us if next_commits else None
        return vacuum_due(snapshot.definition.maintenance, replaced_at_us, self._clock.now_us())


@contextmanager
def _recording_failure(report: MaintenanceReport, table: str, action: str) -> Iterator[None]:
    """Adds an error inside the block to the report. A table that is missing by now is no failure."""
    try:
        yield
    except TableNotFound:
        _LOG.info("table %s was dropped or renamed before its turn", table)
    except SupertableError as error:
        report.failures.append(Failure(table, action, str(error)))
