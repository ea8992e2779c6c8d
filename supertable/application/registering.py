"""Changing the registry of a supertable, against whoever else is changing it."""

from __future__ import annotations

from collections.abc import Callable

from supertable.application.attempts import MOST_ATTEMPTS, attempts
from supertable.application.heads import Heads
from supertable.application.logs import Log
from supertable.application.ports.clocks import Clock, Identifiers
from supertable.application.tables import Place, Tables
from supertable.domain.errors import Conflict
from supertable.domain.registry import Registry, RegistryChange, RegistryCommit


class Registrar:
    """Optimistic, like the commits of a table; changes are rare, so there is no lock."""

    def __init__(
        self,
        tables: Tables,
        registries: Log[RegistryCommit, Registry],
        heads: Heads,
        clock: Clock,
        identifiers: Identifiers,
    ) -> None:
        self._tables = tables
        self._registries = registries
        self._heads = heads
        self._clock = clock
        self._identifiers = identifiers

    def change(self, place: Place, propose: Callable[[Registry], RegistryChange | None]) -> Registry:
        """Commit what `propose` makes of the newest registry, and return the registry after it.

        It is asked again when another change came first; with None there is nothing to change.
        Raises `Conflict` when others win every time, and whatever `propose` raises.
        """
        for _ in attempts(self._clock, self._identifiers):
            registry = self._tables.registry(place)
            change = propose(registry)
            if change is None:
                return registry
            now = max(self._clock.now_us(), registry.committed_at_us + 1)
            commit = RegistryCommit(self._identifiers.new(), registry.version + 1, now, change)
            base = registry if registry.version else None
            after = self._registries.append(place.registry, base, commit)
            if after is not None:
                return after
            self._heads.catch_up(place.registry, registry.version)
        theirs = self._tables.registry(place)
        what = f"The registry of {place.supertable} changed {MOST_ATTEMPTS} times while this change tried to commit."
        raise Conflict(what, "(no id yet)", f"{theirs.commit_id} (version {theirs.version})")
