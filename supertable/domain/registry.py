"""Which tables a supertable has. Its changes are a log like a table's: versions, put-if-absent, checkpoints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from supertable.domain.errors import TableExists, TableNotFound
from supertable.domain.names import name_key


@dataclass(frozen=True, slots=True)
class TableEntry:
    """A table's name and its id, which names its folder and is never used again."""

    name: str
    table_id: str


@dataclass(frozen=True, slots=True)
class RegistryCommit:
    """One version of the registry."""

    id: str
    version: int
    committed_at_us: int
    added: TableEntry


@dataclass(frozen=True, slots=True)
class Registry:
    """`tables` by name key (see `domain.names`)."""

    version: int
    commit_id: str
    committed_at_us: int
    tables: Mapping[str, TableEntry]

    def find(self, name: str) -> TableEntry:
        """Raises `TableNotFound`."""
        entry = self.tables.get(name_key(name))
        if entry is None:
            raise TableNotFound(name)
        return entry

    def has(self, name: str) -> bool:
        return name_key(name) in self.tables

    def require_free(self, name: str) -> None:
        """Raises `TableExists`."""
        if self.has(name):
            raise TableExists(name)


EMPTY = Registry(version=0, commit_id="", committed_at_us=0, tables={})


def replayed_registry(base: Registry | None, commits: Iterable[RegistryCommit]) -> Registry | None:
    """The registry after `commits`. Raises `ValueError` where they do not follow `base` without a gap."""
    state = base or EMPTY
    tables = dict(state.tables)
    for commit in commits:
        if commit.version != state.version + 1:
            raise ValueError(f"version {commit.version} where {state.version + 1} should be")
        tables[name_key(commit.added.name)] = commit.added
        state = replace(state, version=commit.version, commit_id=commit.id, committed_at_us=commit.committed_at_us)
    return replace(state, tables=tables) if state.version else None
