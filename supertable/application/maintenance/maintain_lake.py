"""Maintenance by policy: what is due for each table of a supertable, and no more. Meant to be run again and again."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from supertable.application.jobs.expired_jobs import ExpiredJobs, ExpireJobs
from supertable.application.maintenance.compact_table import CompactionResult, CompactTable
from supertable.application.maintenance.purge_tables import PurgeResult, PurgeTables
from supertable.application.maintenance.vacuum_table import VacuumResult, VacuumTable
from supertable.application.ports.clocks import Clock
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.open_table import OpenTable
from supertable.domain.access.roles import Permission
from supertable.domain.errors import SupertableError, TableNotFound
from supertable.domain.system_tables import is_system
from supertable.domain.table.compaction import due_jobs
from supertable.domain.table.maintenance_policy import vacuum_due

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Failure:
    table: str
    action: str
    reason: str


@dataclass(slots=True)
class MaintenanceReport:
    """What was done. One table's failure does not keep the others from their turn.

    `jobs`: expired jobs of the organization that were removed, if it came to that.
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

    def __call__(self, namespace: Namespace, stop: Callable[[], bool] = lambda: False) -> MaintenanceReport:
        """Do what is due for every table, purge dropped ones, and sweep expired jobs.

        `stop` is asked between two portions of work.
        """
        report = MaintenanceReport()
        entries = self._tables.registry(namespace).tables
        for entry in [] if is_system(namespace.supertable) else entries:
            if stop():
                return report
            with _noted(report, entry.name, "compact"):
                self._compacted(namespace, self._tables.open(namespace, entry.name, Permission.CONTROL), stop, report)
            with _noted(report, entry.name, "vacuum"):
                self._vacuumed(namespace, self._tables.open(namespace, entry.name, Permission.CONTROL), report)
        with _noted(report, "", "purge"):
            report.purged += [] if stop() else self._purge(namespace)
        with _noted(report, "", "sweep jobs"):
            report.jobs = None if stop() else self._sweep(namespace.organization)
        return report

    def _compacted(
        self, namespace: Namespace, table: OpenTable, stop: Callable[[], bool], report: MaintenanceReport
    ) -> None:
        if due_jobs(list(table.snapshot.files.values()), table.snapshot.definition.maintenance):
            report.compactions.append(self._compact(namespace, table.name, only_due=True, stop=stop))

    def _vacuumed(self, namespace: Namespace, table: OpenTable, report: MaintenanceReport) -> None:
        snapshot = table.snapshot
        following = self._tables.commits(table, snapshot.oldest + 1, 1) if snapshot.oldest < snapshot.version else []
        replaced_at_us = following[0].committed_at_us if following else None
        if vacuum_due(snapshot.definition.maintenance, replaced_at_us, self._clock.now_us()):
            report.vacuums.append(self._vacuum(namespace, table.name))


@contextmanager
def _noted(report: MaintenanceReport, table: str, action: str) -> Iterator[None]:
    try:
        yield
    except TableNotFound:
        _LOG.info("table %s went away before its turn", table)
    except SupertableError as error:
        report.failures.append(Failure(table, action, str(error)))
