"""Optimistic changes to the registry of a supertable."""

from __future__ import annotations

from collections.abc import Callable

from supertable.application.audit_recorder import AuditRecorder
from supertable.application.ports.clocks import Clock, Identifiers
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.application.transaction_log.commit_clock import CommitClock
from supertable.application.transaction_log.heads import Heads
from supertable.application.transaction_log.retries import MOST_ATTEMPTS, attempts
from supertable.application.transaction_log.versioned_log import VersionedLog
from supertable.domain.audit import AuditKind
from supertable.domain.errors import AccessDenied, Conflict
from supertable.domain.system_tables import AUDIT, is_system
from supertable.domain.table.registry import Registry, RegistryAction, RegistryChange, RegistryCommit


class Registrar:
    """Commits to registries, like those to tables. Changes are rare, so there is no lock."""

    def __init__(
        self,
        tables: Tables,
        registries: VersionedLog[RegistryCommit, Registry],
        heads: Heads,
        audit: AuditRecorder,
        clock: Clock,
        commit_clock: CommitClock,
        identifiers: Identifiers,
    ) -> None:
        self._tables = tables
        self._registries = registries
        self._heads = heads
        self._audit = audit
        self._clock = clock
        self._commit_clock = commit_clock
        self._identifiers = identifiers

    def change(
        self, namespace: Namespace, propose: Callable[[Registry], RegistryChange | None], frees_space: bool = False
    ) -> Registry:
        """Commit the change that `propose` returns for the newest registry, and return the registry after it.

        A lost race calls `propose` again. If it returns None, nothing is changed. `frees_space`: see
        `AuditRecorder.ensure_ready`. Raises `Conflict` if other changes win every race, `AccessDenied` for the tables
        of the system, and what `propose` raises.
        """
        audited = not is_system(namespace.supertable)  # an export must not wait for events of its own
        if audited:
            self._audit.ensure_ready(namespace.organization, frees_space)
        for _ in attempts(self._clock, self._identifiers):
            registry = self._tables.registry(namespace)
            change = propose(registry)
            if change is None:
                return registry
            self._check_system(namespace, change)
            now = self._commit_clock.after(registry.committed_at_us)
            commit = RegistryCommit(self._identifiers.new(), registry.version + 1, now, change)
            base = registry if registry.version else None
            after = self._registries.append(namespace.registry, base, commit)
            if after is not None:
                if audited:
                    self._record_event(namespace, registry, after, change)
                return after
            self._heads.catch_up(namespace.registry, registry.version)
        winner = self._tables.registry(namespace)
        raise Conflict(
            f"The registry of {namespace.supertable} changed {MOST_ATTEMPTS} times while this change tried to commit.",
            "(no id yet)",
            f"{winner.commit_id} (version {winner.version})",
        )

    def _check_system(self, namespace: Namespace, change: RegistryChange) -> None:
        if is_system(namespace.supertable) and (change.action, change.name) != (RegistryAction.ADD, AUDIT):
            with self._audit.recording_refusals(namespace.session, change.action, supertable=namespace.supertable):
                raise AccessDenied("The tables of SuperTable itself cannot be changed.")

    def _record_event(self, namespace: Namespace, before: Registry, after: Registry, change: RegistryChange) -> None:
        entries = [registry.entries.get(change.table_id) for registry in (before, after)]
        names = dict.fromkeys(entry.name for entry in entries if entry)
        self._audit.record_action(
            namespace.session, AuditKind.TABLE, change.action, supertable=namespace.supertable, tables=tuple(names)
        )
