"""The registry: the tables and views of a supertable.

Its changes form a log like a table's, with versions and checkpoints.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from supertable.domain.errors import AlreadyExists, NotFound, TableExists, TableNotFound
from supertable.domain.names import name_key


@dataclass(frozen=True, slots=True)
class TableEntry:
    """The name of a table or view, and its id, which names its folder and is never reused.

    `tags`: named versions, which no vacuum expires. `clones`: by clone id, the version whose files the clone may share;
    clones of clones are included. That version is kept while the clone exists. `dropped_at_us`: None: not dropped.
    `view`: its log has versions of a view's definition, and no rows.
    """

    name: str
    table_id: str
    tags: Mapping[str, int] = field(default_factory=dict)
    clones: Mapping[str, int] = field(default_factory=dict)
    dropped_at_us: int | None = None
    view: bool = False

    @property
    def pinned(self) -> frozenset[int]:
        """The versions that must stay readable."""
        return frozenset({*self.tags.values(), *self.clones.values()})

    def tag_named(self, name: str) -> str | None:
        """The stored spelling of a tag, or None. Tags that differ only in case are the same."""
        return next((tag for tag in self.tags if name_key(tag) == name_key(name)), None)

    def tagged(self, name: str) -> int:
        """The version that a tag names. Raises `NotFound`."""
        tag = self.tag_named(name)
        if tag is None:
            raise no_such_tag(self, name)
        return self.tags[tag]


class RegistryAction(StrEnum):
    ADD = "add"
    RENAME = "rename"
    DROP = "drop"
    UNDROP = "undrop"
    PURGE = "purge"
    TAG = "tag"
    UNTAG = "untag"


@dataclass(frozen=True, slots=True)
class RegistryChange:
    """One action on the table or view `table_id`.

    `name`: the new name of the table (add, rename, undrop), or the tag (tag, untag). `version`: the tagged version, or
    for a clone the cloned version of the table `origin`. `view`: a view is added.
    """

    action: RegistryAction
    table_id: str
    name: str = ""
    version: int = 0
    origin: str | None = None
    view: bool = False


@dataclass(frozen=True, slots=True)
class RegistryCommit:
    """One version of the registry."""

    id: str
    version: int
    committed_at_us: int
    change: RegistryChange


@dataclass(frozen=True, slots=True)
class Registry:
    """`entries`: by table id, dropped tables included until they are purged. `names`: ids of the others by name key."""

    version: int
    commit_id: str
    committed_at_us: int
    entries: Mapping[str, TableEntry]
    names: Mapping[str, str]

    @property
    def tables(self) -> list[TableEntry]:
        """The tables that are not dropped, by name."""
        return [entry for entry in self._named if not entry.view]

    @property
    def views(self) -> list[TableEntry]:
        """The views that are not dropped, by name."""
        return [entry for entry in self._named if entry.view]

    @property
    def _named(self) -> list[TableEntry]:
        return [self.entries[self.names[key]] for key in sorted(self.names)]

    @property
    def dropped(self) -> list[TableEntry]:
        """Dropped tables and views that are not purged, the last dropped first."""
        dropped = [entry for entry in self.entries.values() if entry.dropped_at_us is not None]
        return sorted(dropped, key=lambda entry: entry.dropped_at_us or 0, reverse=True)

    def has(self, name: str) -> bool:
        return name_key(name) in self.names

    def find(self, name: str) -> TableEntry:
        """The table of that name. Raises `TableNotFound`, with a hint if a table of that name was dropped."""
        table_id = self.names.get(name_key(name))
        if table_id is not None:
            return self.entries[table_id]
        if self._last_dropped(name):
            raise TableNotFound(name, _DROPPED)
        raise TableNotFound(name)

    def find_dropped(self, name: str) -> TableEntry:
        """The last dropped table of that name; a dropped view is gone. Raises `TableNotFound`."""
        entry = self._last_dropped(name)
        if entry is None:
            raise TableNotFound(name, "No table of that name was dropped; `tables --dropped` lists dropped tables.")
        return entry

    def find_current(self, entry: TableEntry) -> TableEntry:
        """The current entry of the same table. Raises `TableNotFound` if it has been dropped."""
        now = self.entries.get(entry.table_id)
        if now is None or now.dropped_at_us is not None:
            raise TableNotFound(entry.name, _DROPPED if now else "It was dropped, and a vacuum removed its rows.")
        return now

    def require_free(self, name: str) -> None:
        """Raises `TableExists`."""
        if self.has(name):
            raise TableExists(name)

    def _last_dropped(self, name: str) -> TableEntry | None:
        dropped = (entry for entry in self.dropped if not entry.view)
        return next((entry for entry in dropped if name_key(entry.name) == name_key(name)), None)


_DROPPED = "It was dropped; `undrop` brings it back."
EMPTY = Registry(version=0, commit_id="", committed_at_us=0, entries={}, names={})


def replayed_registry(base: Registry | None, commits: Iterable[RegistryCommit]) -> Registry | None:
    """The registry after `commits`; None where there is none yet. Raises `ValueError` on a gap in the versions."""
    state = base or EMPTY
    entries, names = dict(state.entries), dict(state.names)
    for commit in commits:
        if commit.version != state.version + 1:
            raise ValueError(f"version {commit.version} instead of {state.version + 1}")
        _apply(entries, names, commit)
        state = replace(state, version=commit.version, commit_id=commit.id, committed_at_us=commit.committed_at_us)
    return replace(state, entries=entries, names=names) if state.version else None


def _apply(entries: dict[str, TableEntry], names: dict[str, str], commit: RegistryCommit) -> None:
    change = commit.change
    if change.action is RegistryAction.ADD:
        _add(entries, change)
    elif change.table_id not in entries:
        raise ValueError(f"it changes table {change.table_id}, which the registry does not have")
    entry = entries[change.table_id]
    match change.action:
        case RegistryAction.ADD:
            names[name_key(change.name)] = change.table_id
        case RegistryAction.RENAME | RegistryAction.UNDROP:
            _free(names, entry)
            names[name_key(change.name)] = change.table_id
            entries[change.table_id] = replace(entry, name=change.name, dropped_at_us=None)
        case RegistryAction.DROP:
            _free(names, entry)
            entries[change.table_id] = replace(entry, dropped_at_us=commit.committed_at_us)
        case RegistryAction.PURGE:
            _free(names, entry)
            del entries[change.table_id]
            _forget_clone(entries, change.table_id)
        case RegistryAction.TAG:
            entries[change.table_id] = replace(entry, tags={**_other_tags(entry, change), change.name: change.version})
        case RegistryAction.UNTAG:
            entries[change.table_id] = replace(entry, tags=_other_tags(entry, change))


def _add(entries: dict[str, TableEntry], change: RegistryChange) -> None:
    entries[change.table_id] = TableEntry(change.name, change.table_id, view=change.view)
    if change.origin is not None:
        _pin(entries, change.origin, change)


def _pin(entries: dict[str, TableEntry], origin_id: str, change: RegistryChange) -> None:
    """Pins the versions whose files a clone may share: that of its origin, and those that the origin pins as a clone.

    If the origin shares files with a third table, they belong to the version of that table that the origin cloned.
    """
    if origin_id not in entries:
        raise ValueError(f"it adds a clone of table {origin_id}, which the registry does not have")
    for entry in list(entries.values()):
        version = change.version if entry.table_id == origin_id else entry.clones.get(origin_id)
        if version is not None:
            entries[entry.table_id] = replace(entry, clones={**entry.clones, change.table_id: version})


def _free(names: dict[str, str], entry: TableEntry) -> None:
    """Frees the table's name, unless another table has it by now, as can be for a dropped table."""
    if names.get(name_key(entry.name)) == entry.table_id:
        del names[name_key(entry.name)]


def _other_tags(entry: TableEntry, change: RegistryChange) -> dict[str, int]:
    return {tag: version for tag, version in entry.tags.items() if name_key(tag) != name_key(change.name)}


def _forget_clone(entries: dict[str, TableEntry], table_id: str) -> None:
    for other in list(entries.values()):
        if table_id in other.clones:
            remaining = {clone: version for clone, version in other.clones.items() if clone != table_id}
            entries[other.table_id] = replace(other, clones=remaining)


def tag_exists(entry: TableEntry, tag: str) -> AlreadyExists:
    return AlreadyExists(
        f"Table {entry.name} already has a tag {tag!r}, at version {entry.tags[tag]}. Use replace to move it."
    )


def no_such_tag(entry: TableEntry, tag: str) -> NotFound:
    known = ", ".join(sorted(entry.tags)) or "none"
    return NotFound(f"Table {entry.name} has no tag {tag!r}; its tags: {known}.")
