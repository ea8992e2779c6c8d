"""A lake: one supertable of one organization, used from Python."""

from __future__ import annotations

import threading
from types import TracebackType

from supertable.application.tables.namespace import Namespace
from supertable.application.tables.table_info import DroppedTable, TableInfo, ViewInfo
from supertable.config.closing import close, refuse
from supertable.config.container import Container
from supertable.config.settings.settings import Settings
from supertable.domain.access.roles import Permission
from supertable.domain.access.sessions import Session
from supertable.domain.errors import Closed, WrongArgument
from supertable.domain.names import checked_name
from supertable.entrypoints.sdk.access import Roles, Tokens, Users
from supertable.entrypoints.sdk.audit import AuditLog
from supertable.entrypoints.sdk.door import door
from supertable.entrypoints.sdk.lakes.lake_loading import LakeLoading
from supertable.entrypoints.sdk.lakes.lake_maintenance import LakeMaintenance
from supertable.entrypoints.sdk.lakes.lake_queries import LakeQueries
from supertable.entrypoints.sdk.lakes.lake_writing import LakeWriting
from supertable.entrypoints.sdk.records import Records, Whoami, whoami
from supertable.entrypoints.sdk.tables.table import Table


@door
class Lake(LakeQueries, LakeWriting, LakeLoading, LakeMaintenance):
    """One supertable of one organization, opened by `supertable.connect`.

        with supertable.connect() as lake:
            lake.write("orders", [{"id": 1, "price": 9.5}], keys="id")
            lake.write("orders", [{"id": 1, "price": 8.5}], mode="upsert")
            lake.sql("SELECT count(*) FROM orders").arrow()

    Thread-safe. Use it in a `with` block, or call `close`, to free its engine at once. Table names ignore case.
    Every method raises `NotSignedIn` when the token has expired or was revoked, `AccessDenied` when the role does
    not allow the action, and `Unavailable` when a server or disk does not answer. A table that the role may not see
    does not exist for the caller: `TableNotFound`.
    """

    def __init__(self, container: Container, supertable: str, session: Session, is_owner: bool = False) -> None:
        """`is_owner`: the caller gave neither a token nor a role."""
        self._container = container
        self._namespace = Namespace(session.organization, checked_name("supertable", supertable), session)
        self._closed = threading.Event()
        self._is_owner = is_owner and session.irrevocable

    @property
    def settings(self) -> Settings:
        """The settings in effect."""
        settings: Settings = self._container.settings()
        return settings

    @property
    def organization(self) -> str:
        return self._namespace.organization

    @property
    def supertable(self) -> str:
        return self._namespace.supertable

    @property
    def audit(self) -> AuditLog:
        """The audit log of the organization."""
        return AuditLog(self._container, self._namespace)

    @property
    def roles(self) -> Roles:
        """The roles of the organization."""
        return Roles(self._container, self._namespace)

    @property
    def users(self) -> Users:
        """The users of the organization."""
        return Users(self._container, self._namespace)

    @property
    def tokens(self) -> Tokens:
        """The access tokens of the organization's users."""
        return Tokens(self._container, self._namespace)

    def table(self, name: str) -> Table:
        """The table of this name. Raises `TableNotFound`."""
        if not isinstance(name, str):
            raise WrongArgument(f"The name of a table is text, not {name!r:.80}.")
        opened = self._container.tables().open(self._namespace, name, Permission.META)
        return Table(self, opened.name)

    def tables(self) -> Records[TableInfo]:
        """All tables, as of one moment, sorted by name."""
        return Records(map(TableInfo.of, self._container.tables().all(self._namespace, Permission.META)))

    def views(self) -> Records[ViewInfo]:
        """All views, as of one moment, sorted by name. SQL makes them: `lake.sql("CREATE VIEW v AS SELECT …")`."""
        return Records(self._container.list_views()(self._namespace))

    def rename(self, name: str, new_name: str) -> Table:
        """Rename a table. Its rows, versions and tags do not change.

        Raises `TableNotFound`, `InvalidName` and `TableExists`.
        """
        self._container.rename_table()(self._namespace, name, new_name)
        return Table(self, new_name)

    def drop(self, name: str) -> None:
        """Drop a table. Its name is free at once, and `undrop` restores it until a vacuum removes it.

        Raises `TableNotFound`.
        """
        self._container.drop_table()(self._namespace, name)

    def undrop(self, name: str, as_name: str | None = None) -> Table:
        """Restore the most recently dropped table of this name, with all its versions.

        `as_name`: the name to restore it under; None: its old one. Raises `TableNotFound`, and `TableExists` when
        another table has that name.
        """
        return Table(self, self._container.undrop_table()(self._namespace, name, as_name))

    def clone(self, name: str, new_name: str, version: int | str | None = None) -> Table:
        """Create a table with the rows that another one has at a version, without copying them.

        `version`: a number, a tag, or None for the newest. The tables share data files, but a write to one never shows
        in the other; a vacuum keeps a shared file as long as either needs it.
        Raises `TableNotFound`, `VersionNotFound`, `NotFound` for a tag, `InvalidName` and `TableExists`.
        """
        created = self._container.clone_table()(self._namespace, name, new_name, version)
        return Table(self, created.name)

    def dropped_tables(self) -> Records[DroppedTable]:
        """The tables that `undrop` can restore, most recently dropped first."""
        return Records(DroppedTable.all_of(self._container.tables().registry(self._namespace)))

    def whoami(self) -> Whoami:
        """The caller: user, role, and what the role may do now. Raises `NotSignedIn` and `AccessDenied`."""
        return whoami(self._container.who_am_i()(self._namespace.session))

    def close(self) -> None:
        """Free the engine and the catalog. Every use of the lake and of its tables raises `Closed` from then on.

        Results stay readable if all their rows were read. No-op the second time.
        """
        if not self._closed.is_set():
            self._closed.set()
            close(self._container)
            refuse(self._container, "This lake was closed. Open it again with supertable.connect.")

    def __enter__(self) -> Lake:
        if self._closed.is_set():
            raise Closed("This lake was closed. Open it again with supertable.connect.")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Lake {self.organization}.{self.supertable} in {self.settings.home}>"
