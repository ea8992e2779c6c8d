"""Rebuilds the catalog from storage alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from supertable.application.ports.catalogs import Catalog
from supertable.application.ports.clocks import Clock
from supertable.application.ports.object_stores import ObjectStore
from supertable.application.tables.lookup import Tables
from supertable.application.transaction_log.heads import Heads
from supertable.domain.access.roles import Permission
from supertable.domain.access.sessions import Session
from supertable.domain.errors import AccessDenied
from supertable.domain.storage_layout import (
    ORGANIZATION_LEVEL,
    access_log,
    organization_folder,
    registry_log,
    table_log,
    tables_folder,
)

_PARALLEL_READS = 16


@dataclass(frozen=True, slots=True)
class RebuildReport:
    """`logs` counts all logs: of tables, of the supertables' registries, and of the organizations' roles and users."""

    tables: int
    logs: int
    seconds: float


class RebuildCatalog:
    """Safe while readers and writers run: heads are only raised to versions that storage has."""

    def __init__(self, tables: Tables, store: ObjectStore, catalog: Catalog, heads: Heads, clock: Clock) -> None:
        self._tables = tables
        self._store = store
        self._catalog = catalog
        self._heads = heads
        self._clock = clock

    def __call__(self, session: Session, progress: Callable[[str], None] = lambda log: None) -> RebuildReport:
        """Clear all heads and read them from storage again. `progress` is called with the name of each log.

        For superusers only, since it affects all organizations. Raises `AccessDenied`.
        """
        self._tables.require(session, Permission.RBAC)
        if not session.superuser:
            raise AccessDenied("The catalog holds all organizations, so that only the superuser may rebuild it.")
        return self.rebuild(progress)

    def rebuild(self, progress: Callable[[str], None] = lambda log: None) -> RebuildReport:
        """The same. Does not check permissions; callers must."""
        started = self._clock.monotonic_seconds()
        self._catalog.clear("")
        tables = logs = 0
        with ThreadPoolExecutor(_PARALLEL_READS) as pool:
            for log, is_table, newest in pool.map(self._catch_up, self._logs()):
                progress(log)
                logs += newest > 0
                tables += newest > 0 and is_table
        return RebuildReport(tables, logs, self._clock.monotonic_seconds() - started)

    def _catch_up(self, log: tuple[str, bool]) -> tuple[str, bool, int]:
        return *log, self._heads.catch_up(log[0])

    def _logs(self) -> Iterator[tuple[str, bool]]:
        """Every log that storage may hold, and whether it is that of a table."""
        for organization in self._store.folders(""):
            yield access_log(organization), False
            for supertable in {*self._store.folders(f"{organization_folder(organization)}/")} - {ORGANIZATION_LEVEL}:
                yield registry_log(organization, supertable), False
                for table_id in self._store.folders(f"{tables_folder(organization, supertable)}/"):
                    yield table_log(organization, supertable, table_id), True
