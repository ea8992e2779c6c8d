"""Vacuum of a whole supertable: all its tables, and those that were dropped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from supertable.application.maintenance.purge_tables import PurgeResult, PurgeTables
from supertable.application.maintenance.vacuum_table import VacuumResult, VacuumTable
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.domain.errors import TableNotFound
from supertable.domain.maintenance.vacuum import GRACE_SECONDS, Removal
from supertable.domain.system_tables import is_system


@dataclass(frozen=True, slots=True)
class LakeVacuumResult:
    """`tables`: one result for each table, ordered by name. `purged`: dropped tables that were removed."""

    tables: tuple[VacuumResult, ...]
    purged: tuple[PurgeResult, ...]


class VacuumLake:
    def __init__(self, tables: Tables, vacuum: VacuumTable, purge: PurgeTables) -> None:
        self._tables = tables
        self._vacuum = vacuum
        self._purge = purge

    def __call__(
        self,
        namespace: Namespace,
        retention_seconds: float | None = None,
        dry_run: bool = False,
        grace_seconds: float = GRACE_SECONDS,
        before_removal: Callable[[Removal], None] = lambda removal: None,
    ) -> LakeVacuumResult:
        """Purge dropped tables first, since a purged clone frees files of its origin. See `VacuumTable`."""
        purged = self._purge(namespace, retention_seconds, dry_run, before_removal=before_removal)
        results = []
        entries = self._tables.registry(namespace).tables
        for entry in [] if is_system(namespace.supertable) else entries:
            try:
                result = self._vacuum(
                    namespace, entry.name, retention_seconds, dry_run, grace_seconds, before_removal=before_removal
                )
                results.append(result)
            except TableNotFound:  # dropped or renamed since the list was read
                continue
        return LakeVacuumResult(tuple(results), tuple(purged))
