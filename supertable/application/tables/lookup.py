"""Lookup of tables by name: their snapshots, under the caller's role, in one cut across all tables of a request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from supertable.application.audit_recorder import AuditRecorder, serving
from supertable.application.ports.catalogs import Head
from supertable.application.ports.clocks import Clock
from supertable.application.tables.access_check import Request, access_to, allowed_entries, entries_of
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.open_table import OpenTable
from supertable.application.tables.refusals import Refusals
from supertable.application.tables.table_versions import TableVersions
from supertable.application.transaction_log.heads import Heads
from supertable.application.transaction_log.versioned_log import VersionedLog
from supertable.domain.access.accounts import NO_ACCOUNTS, Access, AccessCommit, Authorization, authorization
from supertable.domain.access.roles import Permission
from supertable.domain.access.sessions import Session
from supertable.domain.errors import (
    AccessDenied,
    CatalogUnavailable,
    ObjectMissing,
    SupertableError,
    TableNotFound,
)
from supertable.domain.scan.scan_plan import AccessStage
from supertable.domain.storage_layout import access_log, record_key
from supertable.domain.table.commits import Commit
from supertable.domain.table.registry import EMPTY, Registry, RegistryCommit, TableEntry
from supertable.domain.table.snapshots import Snapshot

_MOST_CUTS = 8


class Tables(TableVersions):
    """Reads tables and checks permissions. Every method sees all commits that were acknowledged before its call.

    `need`: the permission that the caller's role must have. Every method may raise `NotSignedIn` and `AccessDenied`. A
    table that the caller may not know of is reported as missing: `TableNotFound`.
    """

    def __init__(
        self,
        heads: Heads,
        registries: VersionedLog[RegistryCommit, Registry],
        snapshots: VersionedLog[Commit, Snapshot],
        accesses: VersionedLog[AccessCommit, Access],
        audit: AuditRecorder,
        clock: Clock,
    ) -> None:
        super().__init__(snapshots)
        self._heads = heads
        self._registries = registries
        self._accesses = accesses
        self._audit = audit
        self._clock = clock

    def open_consistently(
        self, requested: Iterable[Request], need: Permission, views: bool = False
    ) -> dict[Request, list[OpenTable]]:
        """The tables of every request, all as of one moment. `views`: views too; else they raise `WrongKind`."""
        return self._opened(list(requested), need, views, None)

    def open_each(
        self, requested: Mapping[Request, Sequence[str]], need: Permission
    ) -> dict[Request, OpenTable | SupertableError]:
        """The table of every request, or why its caller may not open it; all as of one moment.

        `requested`: the ids of the requests over the network that ask for it. A refusal is recorded for each.
        """
        refused = Refusals(requested)
        opened = self._opened(list(requested), need, False, refused)
        return {request: refused.errors.get(request) or opened[request][0] for request in requested}

    def open(self, namespace: Namespace, name: str, need: Permission, views: bool = False) -> OpenTable:
        """The table, or with `views` the view, at its newest version."""
        return self.open_consistently([(namespace, name)], need, views)[namespace, name][0]

    def is_known(self, namespace: Namespace, name: str) -> bool:
        """Whether the supertable had the table when it was last read here. Reads nothing, and checks no permission."""
        registry = self._registries.cached(namespace.registry)
        return registry is not None and registry.has(name)

    def all(self, namespace: Namespace, need: Permission, views: bool = False) -> list[OpenTable]:
        """All tables of the supertable that the caller may know of, as of one moment, ordered by name. `views`: and
        then its views."""
        return self.open_consistently([(namespace, None)], need, views)[namespace, None]

    def entries(self, namespaces: Iterable[Namespace], need: Permission) -> dict[Namespace, list[TableEntry]]:
        """The tables and views of each supertable that the caller may know of. Does not read their snapshots."""
        wanted = list(namespaces)
        known = {namespace.registry: self._registries.known(namespace.registry) for namespace in wanted}
        heads = self._heads.cut(known | self._known_access_logs(wanted))
        registries = {namespace: self._registry(namespace, heads) for namespace in wanted}
        found = {}
        for namespace in wanted:
            granted = self._authorization(namespace.session, heads)
            allowed = self._allowed((namespace, None), registries, granted, need, views=True)
            found[namespace] = [entry for entry, _ in allowed]
        return found

    def newest(self, table: OpenTable, dropped_too: bool = False) -> OpenTable:
        """The same table at its newest version.

        Raises `TableNotFound` if the table was dropped after it was opened, unless `dropped_too`, and `AccessDenied` if
        the caller's rights to it changed.
        """
        known = {table.folder: self._snapshots.known(table.folder)}
        namespace, now = table.namespace, self._clock.monotonic_seconds()
        if namespace is None:
            return replace(table, snapshot=self._snapshot(table.folder, self._heads.cut(known)))
        known |= {namespace.registry: self._registries.known(namespace.registry)} | self._known_access_logs([namespace])
        heads = self._heads.cut(known)
        registry = self._registry(namespace, heads)
        entry = registry.entries.get(table.entry.table_id) if dropped_too else registry.find_current(table.entry)
        self._recheck(table, namespace, entry or table.entry, heads)
        return self._open(entry or table.entry, heads, namespace, table.access, table.need, now)

    def is_fresh(self, table: OpenTable, seconds: float) -> bool:
        """Whether the table was opened so recently, and this process has not seen a newer version of it since.

        Raises what `newest` raises if this process has seen that it was dropped, or that the caller's rights changed.
        """
        namespace, known = table.namespace, self._snapshots.known(table.folder)
        if namespace is None or self._clock.monotonic_seconds() - table.opened_at > seconds:
            return False
        logs = {namespace.registry: self._registries.known(namespace.registry)} | self._known_access_logs([namespace])
        heads = {log: Head(version, ()) for log, version in logs.items() if version}
        self._recheck(table, namespace, self._registry(namespace, heads).find_current(table.entry), heads)
        return known == table.snapshot.version

    def recheck(self, tables: Iterable[tuple[OpenTable, str]], seconds: float) -> None:
        """Raises what `newest` raises if a caller's rights changed, or a caller is no longer signed in.

        `tables`: each with the id of its caller's request. Those that were opened less than `seconds` ago are left out.
        """
        since = self._clock.monotonic_seconds() - seconds
        named = ((table.namespace, (table, request)) for table, request in tables if table.opened_at < since)
        checked = {namespace: opened for namespace, opened in named if namespace and not namespace.session.irrevocable}
        if not checked:
            return
        heads = self._heads.cut(
            {namespace.registry: self._registries.known(namespace.registry) for namespace in checked}
            | self._known_access_logs(checked)
        )
        for namespace, (table, request) in checked.items():
            with serving(request):
                self._recheck(table, namespace, self._registry(namespace, heads).find_current(table.entry), heads)

    def require_unchanged_access(self, session: Session, tables: Iterable[OpenTable]) -> None:
        """Raises `NotSignedIn` or `AccessDenied` once the session or its rights to tables as opened have ended."""
        named = [(table.namespace, table) for table in tables if table.namespace and not session.irrevocable]
        registries = {namespace.registry: self._registries.known(namespace.registry) for namespace, _ in named}
        heads = self._heads.cut(registries | self._known_access_log(session))
        self._authorization(session, heads)
        for namespace, table in named:
            entry = self._registry(namespace, heads).entries.get(table.entry.table_id, table.entry)
            try:
                self._recheck(table, namespace, entry, heads)
            except TableNotFound:
                raise AccessDenied(f"This role may no longer use table {table.name}.") from None

    def recheck_access(self, session: Session, tables: Iterable[tuple[str, str]], need: Permission) -> Authorization:
        """What the session may do now. Requires `need` for tables given by supertable and table id.

        Finds tables that were dropped or renamed too. Raises `TableNotFound` and `AccessDenied`.
        """
        wanted = [(Namespace(session.organization, supertable, session), table_id) for supertable, table_id in tables]
        registries = {namespace.registry: self._registries.known(namespace.registry) for namespace, _ in wanted}
        heads = self._heads.cut(registries | self._known_access_log(session))
        granted = self._authorization(session, heads)
        self._require(session, granted, need)
        for namespace, table_id in wanted:
            entry = self._registry(namespace, heads).entries.get(table_id)
            if entry is None:
                raise TableNotFound(table_id)
            access_to(namespace, entry, table_id, granted, need)  # it may have been renamed to a hidden name
        return granted

    def registry(self, namespace: Namespace) -> Registry:
        """The newest registry; an empty one if no table was ever created there. Requires the permission to control."""
        heads = self._heads.cut(
            {namespace.registry: self._registries.known(namespace.registry)} | self._known_access_logs([namespace])
        )
        self._require(
            namespace.session, self._authorization(namespace.session, heads), Permission.CONTROL, namespace.supertable
        )
        return self._registry(namespace, heads)

    def require(self, session: Session, need: Permission) -> Authorization:
        """What the session may do now. Raises `AccessDenied` without `need`."""
        granted = self.authorization(session)
        self._require(session, granted, need)
        return granted

    def authorization(self, session: Session) -> Authorization:
        """The role of the session, and the caller's attributes."""
        known = self._known_access_log(session)
        return self._authorization(session, self._heads.cut(known) if known else {})

    def _opened(
        self, requests: Sequence[Request], need: Permission, views: bool, refused: Refusals | None
    ) -> dict[Request, list[OpenTable]]:
        """`refused`: gets the error of each request that may not be; None: the first of them is raised."""
        namespaces = {namespace for namespace, _ in requests}
        logs = self._probable_logs(requests)
        for _ in range(_MOST_CUTS):
            known = {namespace.registry: self._registries.known(namespace.registry) for namespace in namespaces}
            known |= {log: self._snapshots.known(log) for log in logs} | self._known_access_logs(namespaces)
            now = self._clock.monotonic_seconds()
            heads = self._heads.cut(known)
            registries = {namespace: self._registry(namespace, heads) for namespace in namespaces}
            found = {}
            for request in requests:
                find = partial(self._granted, request, registries, heads, need, views)
                tables = refused.found(request, find) if refused else find()
                if tables is not None:
                    found[request] = tables
            logs = {request[0].folder(entry.table_id) for request, tables in found.items() for entry, _ in tables}
            if logs <= known.keys():
                return {
                    request: [self._open(entry, heads, request[0], access, need, now) for entry, access in tables]
                    for request, tables in found.items()
                }
            requests = list(found)
        raise CatalogUnavailable("tables were created and dropped during every attempt to read them")

    def _recheck(self, table: OpenTable, namespace: Namespace, entry: TableEntry, heads: dict[str, Head]) -> None:
        granted = self._authorization(namespace.session, heads)
        asked = {"supertable": namespace.supertable, "tables": (table.name,)}
        with self._audit.recording_refusals(namespace.session, table.need, **asked):
            if access_to(namespace, entry, entry.name, granted, table.need) != table.access:
                raise AccessDenied(f"The rights to table {table.name} changed during this request. Try again.")

    def _require(self, session: Session, granted: Authorization, need: Permission, supertable: str = "") -> None:
        with self._audit.recording_refusals(session, need, supertable=supertable):
            granted.require(need)

    def _granted(
        self,
        request: Request,
        registries: Mapping[Namespace, Registry],
        heads: dict[str, Head],
        need: Permission,
        views: bool,
    ) -> list[tuple[TableEntry, AccessStage | None]]:
        granted = self._authorization(request[0].session, heads)
        return self._allowed(request, registries, granted, need, views)

    def _allowed(
        self,
        request: Request,
        registries: Mapping[Namespace, Registry],
        granted: Authorization,
        need: Permission,
        views: bool = False,
    ) -> list[tuple[TableEntry, AccessStage | None]]:
        namespace, name = request
        asked = {"supertable": namespace.supertable, "tables": (name,) if name else ()}
        try:
            with self._audit.recording_refusals(namespace.session, need, **asked):
                return allowed_entries(request, registries, granted, need, views)
        except TableNotFound as error:
            if not granted.role.reaches_all:
                self._audit.record_refusal(namespace.session, need, error, **asked)
            raise

    def _probable_logs(self, requests: Sequence[Request]) -> set[str]:
        """The tables' logs according to cached registries, so that usually one request to the catalog is enough."""
        registries = {namespace: self._registries.cached(namespace.registry) or EMPTY for namespace, _ in requests}
        known = [request for request in requests if request[1] is None or registries[request[0]].has(request[1])]
        return {
            namespace.folder(entry.table_id)
            for namespace, name in known
            for entry in entries_of(registries[namespace], name)
        }

    def _known_access_logs(self, namespaces: Iterable[Namespace]) -> dict[str, int]:
        return {
            log: known for namespace in namespaces for log, known in self._known_access_log(namespace.session).items()
        }

    def _known_access_log(self, session: Session) -> dict[str, int]:
        if session.irrevocable:
            return {}
        log = access_log(session.organization)
        return {log: self._accesses.known(log)}

    def _authorization(self, session: Session, heads: dict[str, Head]) -> Authorization:
        log = access_log(session.organization)
        head = heads.get(log)
        accounts = self._accesses.state_at(log, head) if head else NO_ACCOUNTS
        with self._audit.recording_refusals(session, "act"):
            return authorization(accounts, session, self._clock.now_us())

    def _registry(self, namespace: Namespace, heads: dict[str, Head]) -> Registry:
        head = heads.get(namespace.registry)
        return self._registries.state_at(namespace.registry, head) if head else EMPTY

    def _open(
        self,
        entry: TableEntry,
        heads: dict[str, Head],
        namespace: Namespace,
        access: AccessStage | None,
        need: Permission,
        now: float,
    ) -> OpenTable:
        folder = namespace.folder(entry.table_id)
        return OpenTable(entry, folder, self._snapshot(folder, heads), namespace, access, need, opened_at=now)

    def _snapshot(self, folder: str, heads: dict[str, Head]) -> Snapshot:
        head = heads.get(folder)
        if head is None:
            raise ObjectMissing(record_key(folder, 1))
        return self._snapshots.state_at(folder, head)
