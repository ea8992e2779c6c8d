"""Finding tables by name and reading their snapshots, as one cut across all that a request names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from supertable.application.heads import Heads
from supertable.application.logs import Log
from supertable.application.ports.catalogs import Head
from supertable.domain.commits import Commit
from supertable.domain.errors import CatalogUnavailable, ObjectMissing, VersionNotFound
from supertable.domain.files import DataFile
from supertable.domain.layout import record_key, registry_log, table_log
from supertable.domain.registry import EMPTY, Registry, RegistryCommit, TableEntry
from supertable.domain.schemas import Schema
from supertable.domain.snapshots import Snapshot
from supertable.domain.view_chain import Scan, grouped

_MOST_CUTS = 8


@dataclass(frozen=True, slots=True)
class Place:
    """A supertable of an organization, by checked names."""

    organization: str
    supertable: str

    @property
    def registry(self) -> str:
        return registry_log(self.organization, self.supertable)

    def folder(self, table_id: str) -> str:
        return table_log(self.organization, self.supertable, table_id)


@dataclass(frozen=True, slots=True)
class OpenTable:
    """A table at one version. `folder` holds its objects and names its log.

    `place`: where it is registered; None for a new table whose name nobody knows yet.
    """

    entry: TableEntry
    folder: str
    snapshot: Snapshot
    place: Place | None = None

    @property
    def name(self) -> str:
        return self.entry.name

    def scan(
        self,
        files: Iterable[DataFile] | None = None,
        schema: Schema | None = None,
        hidden: Mapping[str, bytes] | None = None,
    ) -> Scan:
        """The plan of a read of these files of the snapshot, or of all; under `schema`, or the snapshot's own.

        `hidden`: see `Scan`.
        """
        snapshot = self.snapshot
        chosen = snapshot.files.values() if files is None else files
        return Scan(
            table=self.name,
            folder=self.folder,
            version=snapshot.version,
            schema=schema or snapshot.schema,
            groups=grouped(chosen, snapshot.schemas, hidden or ()),
            files_total=len(snapshot.files),
            rows_total=snapshot.rows,
            hidden=hidden or {},
        )


class Tables:
    """Reads. Every method sees all commits that were acknowledged before it was called."""

    def __init__(
        self, heads: Heads, registries: Log[RegistryCommit, Registry], snapshots: Log[Commit, Snapshot]
    ) -> None:
        self._heads = heads
        self._registries = registries
        self._snapshots = snapshots

    def cut(self, wanted: Iterable[tuple[Place, str | None]]) -> dict[tuple[Place, str | None], list[OpenTable]]:
        """Every table wanted (None: all tables of the place), all as they were at one moment.

        Raises `TableNotFound` for a name that is not there, unless it is None.
        """
        requests = list(wanted)
        places = {place for place, _ in requests}
        logs = self._guess(requests)
        for _ in range(_MOST_CUTS):
            known = {place.registry: self._registries.known(place.registry) for place in places}
            known |= {log: self._snapshots.known(log) for log in logs}
            heads = self._heads.cut(known)
            registries = {place: self._registry(place, heads) for place in places}
            found = {request: _resolved(request, registries) for request in requests}
            logs = {folder for tables in found.values() for _, folder in tables}
            if logs <= known.keys():
                return {
                    request: [self._open(*table, heads, request[0]) for table in tables]
                    for request, tables in found.items()
                }
        raise CatalogUnavailable("tables kept being created and dropped while they were looked up")

    def open(self, place: Place, name: str) -> OpenTable:
        """The newest version. Raises `TableNotFound`."""
        return self.cut([(place, name)])[place, name][0]

    def all(self, place: Place) -> list[OpenTable]:
        """Every table of the place, as one cut, by name."""
        return self.cut([(place, None)])[place, None]

    def newest(self, table: OpenTable) -> OpenTable:
        """The same table at its newest version. Raises `TableNotFound` when it was dropped since it was opened."""
        known = {table.folder: self._snapshots.known(table.folder)}
        if table.place is None:
            return self._open(table.entry, table.folder, self._heads.cut(known), None)
        log = table.place.registry
        heads = self._heads.cut({**known, log: self._registries.known(log)})
        entry = self._registry(table.place, heads).find_again(table.entry)
        return self._open(entry, table.folder, heads, table.place)

    def registry(self, place: Place) -> Registry:
        """The newest registry; an empty one when nothing was ever created there."""
        return self._registry(place, self._heads.cut({place.registry: self._registries.known(place.registry)}))

    def as_of(self, table: OpenTable, version: int | str | None) -> OpenTable:
        """The table at a version, at the version that a tag names, or with None as it is.

        Raises `VersionNotFound`, and `NotFound` for a tag that it does not have.
        """
        if version is None:
            return table
        return self.at_version(table, table.entry.tagged(version) if isinstance(version, str) else version)

    def at_version(self, table: OpenTable, version: int) -> OpenTable:
        """The table as it was. Raises `VersionNotFound`, also for a version that a vacuum gave up."""
        newest, oldest = table.snapshot.version, table.snapshot.oldest
        if not oldest <= version <= newest and version not in table.entry.pinned:
            raise VersionNotFound(table.name, str(version), oldest, newest)
        if version == newest:
            return table
        return replace(table, snapshot=self._snapshots.state(table.folder, version))

    def at_time(self, table: OpenTable, at_us: int, asked: str) -> OpenTable:
        """The table as it was at a moment (microseconds since 1970 UTC). Raises `VersionNotFound` before its first."""
        if table.snapshot.committed_at_us <= at_us:
            return table
        low, high = 0, table.snapshot.version  # commit times grow with the version
        while high - low > 1:
            middle = (low + high) // 2
            early = self._snapshots.record(table.folder, middle).committed_at_us <= at_us
            low, high = (middle, high) if early else (low, middle)
        if low == 0:
            raise VersionNotFound(table.name, asked, table.snapshot.oldest, table.snapshot.version)
        return self.at_version(table, low)

    def commits(self, table: OpenTable, newest: int, count: int) -> list[Commit]:
        """Up to `count` commits from version `newest` downwards, newest first."""
        return [self._snapshots.record(table.folder, version) for version in range(newest, max(newest - count, 0), -1)]

    def _guess(self, requests: list[tuple[Place, str | None]]) -> set[str]:
        """The tables by what this process knows of the registries, so that one look at the catalog is enough."""
        registries = {place: self._registries.cached(place.registry) or EMPTY for place, _ in requests}
        known = [request for request in requests if request[1] is None or registries[request[0]].has(request[1])]
        return {folder for request in known for _, folder in _resolved(request, registries)}

    def _registry(self, place: Place, heads: dict[str, Head]) -> Registry:
        head = heads.get(place.registry)
        return self._registries.state_at(place.registry, head) if head else EMPTY

    def _open(self, entry: TableEntry, folder: str, heads: dict[str, Head], place: Place | None) -> OpenTable:
        head = heads.get(folder)
        if head is None:
            raise ObjectMissing(record_key(folder, 1))
        return OpenTable(entry, folder, self._snapshots.state_at(folder, head), place)


def _resolved(request: tuple[Place, str | None], registries: dict[Place, Registry]) -> list[tuple[TableEntry, str]]:
    """Entry and folder of the tables that a request stands for."""
    place, name = request
    registry = registries[place]
    entries = [registry.find(name)] if name is not None else registry.tables
    return [(entry, place.folder(entry.table_id)) for entry in entries]
