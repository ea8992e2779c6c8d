"""Maintenance by services: one worker of all those that share the lake does what is due, beside its other work."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Iterator
from dataclasses import dataclass

from supertable.application.maintenance.compact_table import planned_jobs
from supertable.application.maintenance.maintain_lake import MaintainLake
from supertable.application.ports.locks import Locks
from supertable.application.ports.object_stores import ObjectStore
from supertable.application.storage.snapshot_files.compactible_files import compactible_files
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.supertables import ListSupertables, is_name
from supertable.domain.access.roles import Permission
from supertable.domain.access.sessions import owner
from supertable.domain.errors import SupertableError, TableNotFound
from supertable.domain.maintenance.compaction import is_small
from supertable.domain.system_tables import is_system

_LOG = logging.getLogger(__name__)
_LOCK = "maintenance"


@dataclass(frozen=True, slots=True)
class MaintenanceNeed:
    """What maintenance has left over in all tables. `overdue`: the number of tables for which something is due."""

    small_files: int = 0
    dead_rows: int = 0
    overdue: int = 0


class BackgroundMaintenance:
    """Repeats `MaintainLake` for every supertable, from `start` to `close`, in one thread.

    Of the workers that share the lake's locks, the one that holds the lock does it, for as long as it lives; the others
    try to take over after every pause. Without the lock, nothing is done.
    """

    def __init__(
        self,
        maintain: MaintainLake,
        tables: Tables,
        supertables: ListSupertables,
        store: ObjectStore,
        locks: Locks,
    ) -> None:
        self._maintain = maintain
        self._tables = tables
        self._supertables = supertables
        self._store = store
        self._locks = locks
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self.need = MaintenanceNeed()

    def start(self, every_seconds: float) -> None:
        """Begin with a pause. 0: never do anything."""
        if every_seconds:
            self._thread = threading.Thread(target=self._run, args=(every_seconds,), name="maintenance", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End after the present portion of work. Does not wait for that."""
        self._stopping.set()

    def close(self) -> None:
        """The same, and wait."""
        self.stop()
        if self._thread is not None:
            self._thread.join()

    def _run(self, every_seconds: float) -> None:
        while not self._pause(every_seconds):
            with self._locks.hold(_LOCK, 0) as held:
                while held:
                    self.round()
                    held = not self._pause(every_seconds)

    def _pause(self, seconds: float) -> bool:
        """Returns whether to stop. The length is random, so that workers do not take turns together."""
        return self._stopping.wait(seconds * random.uniform(0.75, 1.0))

    def round(self) -> None:
        """Maintain everything once. A failure is logged, and is no failure of the rest."""
        needs: list[MaintenanceNeed] = []
        try:
            for namespace in self._namespaces():
                for failure in self._maintain(namespace, self._stopping.is_set).failures:
                    _LOG.warning("maintenance could not %s %s: %s", failure.action, failure.table, failure.reason)
                needs += self._needs(namespace)
        except SupertableError as error:
            _LOG.warning("maintenance is tried again later: %s", error)
        except Exception:  # noqa: BLE001 - no error may end the thread
            _LOG.exception("maintenance is tried again later")
        self.need = MaintenanceNeed(
            sum(need.small_files for need in needs),
            sum(need.dead_rows for need in needs),
            sum(need.overdue for need in needs),
        )

    def _namespaces(self) -> Iterator[Namespace]:
        for organization in filter(is_name, self._store.folders("")):
            session = owner(organization)
            for supertable in self._supertables(session):
                if not is_system(supertable.name):
                    yield Namespace(organization, supertable.name, session)

    def _needs(self, namespace: Namespace) -> Iterator[MaintenanceNeed]:
        for entry in self._tables.registry(namespace).tables:
            try:
                table = self._tables.open(namespace, entry.name, Permission.CONTROL)
            except TableNotFound:
                continue
            policy = table.snapshot.definition.maintenance
            files = compactible_files(table.snapshot.files, policy)
            yield MaintenanceNeed(
                sum(is_small(file, policy) for file in files),
                table.snapshot.dead_rows,
                int(bool(planned_jobs(table, everything=False, only_due=True)) or self._maintain.vacuum_is_due(table)),
            )
