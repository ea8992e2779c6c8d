"""Changing the registry of a supertable, against whoever else is changing it."""

from __future__ import annotations

from collections.abc import Callable

from supertable.application.audit_recorder import AuditRecorder
from supertable.application.ports.clocks import Clock, Identifiers
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.application.transaction_log.heads import Heads
from supertable.application.transaction_log.retries import MOST_ATTEMPTS, attempts
from supertable.application.transaction_log.versioned_log import VersionedLog
from supertable.domain.audit import AuditKind
from supertable.domain.errors import AccessDenied, Conflict
from supertable.domain.system_tables import AUDIT, is_system
from supertable.domain.table.registry import Registry, RegistryAction, RegistryChange, RegistryCommit


class Registrar:
    """Optimistic, like the commits of a table; changes are rare, so there is no lock."""

    def __init__(
        self,
        tables: Tables,
        registries: VersionedLog[RegistryCommit, Registry],
        heads: Heads,
        audit: AuditRecorder,
        clock: Clock,
        identifiers: Identifiers,
    ) -> None:
        self._tables = tables
        self._registries = registries
        self._heads = heads
        self._audit = audit
        self._clock = clock
        self._identifiers = identifiers

    def change(self, namespace: Namespace, propose: Callable[[Registry], RegistryChange | None]) -> Registry:
        """Commit what `propose` makes of the newest registry, and return the registry after it.

        It is asked again when another change came first; with None there is nothing to change.
        Raises `Conflict` when others win every time, `AccessDenied` for the tables of the system, and whatever
        `propose` raises.
        """
        told = not is_system(namespace.supertable)  # or it would wait for an export that is waiting for it
        if told:
            self._audit.ensure_ready(namespace.organization)
        for _ in attempts(self._clock, self._identifiers):
            registry = self._tables.registry(namespace)
            change = propose(registry)
            if change is None:
                return registry
            self._check_system(namespace, change)
            now = max(self._clock.now_us(), registry.committed_at_us + 1)
            commit = RegistryCommit(self._identifiers.new(), registry.version + 1, now, change)
            base = registry if registry.version else None
            after = self._registries.append(namespace.registry, base, commit)
            if after is not None:
                if told:
                    self._tell(namespace, registry, after, change)
                return after
            self._heads.catch_up(namespace.registry, registry.version)
        theirs = self._tables.registry(namespace)
        what = (
            f"The registry of {namespace.supertable} changed {MOST_ATTEMPTS} times while this change tried to commit."
        )
        raise Conflict(what, "(no id yet)", f"{theirs.commit_id} (version {theirs.version})")

    def _check_system(self, namespace: Namespace, change: RegistryChange) -> None:
        if is_system(namespace.supertable) and (change.action, change.name) != (RegistryAction.ADD, AUDIT):
            with self._audit.recording_refusals(namespace.session, change.action, supertable=namespace.supertable):
                raise AccessDenied("The tables of SuperTable itself stay as they are.")

    def _tell(self, namespace: Namespace, before: Registry, after: Registry, change: RegistryChange) -> None:
        entries = [registry.entries.get(change.table_id) for registry in (before, after)]
        names = dict.fromkeys(entry.name for entry in entries if entry)
        self._audit.record_action(
            namespace.session, AuditKind.TABLE, change.action, supertable=namespace.supertable, tables=tuple(names)
        )
