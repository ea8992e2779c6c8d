"""A lake: one supertable of one organization, used from Python."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

import pyarrow as pa

from supertable.application.commits.write_result import WriteResult
from supertable.application.storage.arrow_batches import as_reader
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.open_table import OpenTable
from supertable.application.tables.table_info import DroppedTable, TableInfo
from supertable.application.writes.write_modes import WriteMode, checked_mode
from supertable.config.closing import close, refuse
from supertable.config.container import Container
from supertable.config.settings.settings import Settings
from supertable.domain.access.roles import Permission
from supertable.domain.access.sessions import Session
from supertable.domain.errors import Closed, InvalidInput
from supertable.domain.names import checked_name
from supertable.domain.table.commit_info import checked_commit_info
from supertable.entrypoints.sdk.access import Roles, Tokens, Users
from supertable.entrypoints.sdk.audit import AuditLog
from supertable.entrypoints.sdk.lake_loading import LakeLoading
from supertable.entrypoints.sdk.lake_maintenance import LakeMaintenance
from supertable.entrypoints.sdk.lake_queries import LakeQueries
from supertable.entrypoints.sdk.records import Records, Whoami, whoami
from supertable.entrypoints.sdk.table import Table


class Lake(LakeQueries, LakeLoading, LakeMaintenance):
    """One supertable of one organization, opened by `supertable.connect`.

        with supertable.connect() as lake:
            lake.create_table("orders", orders.schema, keys=["id"])
            lake.write("orders", orders, mode="upsert")
            lake.sql("SELECT count(*) FROM orders").arrow()

    Thread-safe. Use it in a `with` block, or call `close`, to free its engine at once. Table names ignore case.
    Every method raises `NotSignedIn` when the token has expired or was revoked, `AccessDenied` when the role does
    not allow the action, and `Unavailable` when a server or disk does not answer. A table that the role may not see
    does not exist for the caller: `TableNotFound`.
    """

    def __init__(self, container: Container, supertable: str, session: Session) -> None:
        self._container = container
        self._namespace = Namespace(session.organization, checked_name("supertable", supertable), session)
        self._closed = threading.Event()

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

    def create_table(
        self, name: str, schema: pa.Schema, keys: Sequence[str] = (), sequence: str | None = None, comment: str = ""
    ) -> Table:
        """Create an empty table, at version 1.

        `schema`: a pyarrow Schema, or a list of (name, type) pairs. `keys`: the columns that identify a row; the table
        then holds one row per key. `sequence`: the column that decides which of two rows with the same key is newer
        (the greater value); None: the row written later.
        Raises `InvalidName`, `InvalidSchema` and `TableExists`.
        """
        if not isinstance(schema, pa.Schema):
            schema = pa.schema(schema)
        created = self._container.create_table()(self._namespace, name, schema, _names(keys), sequence, comment)
        return Table(self, created.name)

    def create_table_from(
        self,
        name: str,
        data: Any,
        keys: Sequence[str] = (),
        sequence: str | None = None,
        *,
        idempotency_key: str | None = None,
        properties: Mapping[str, str] | None = None,
    ) -> WriteResult:
        """Create a table with the columns and rows of `data`. If the write fails, no table is created.

        The rows are version 2. Parameters and errors are those of `create_table` and `write`.
        """
        reader = as_reader(data)
        info = checked_commit_info(idempotency_key, properties)
        results: list[WriteResult] = []

        def fill(table: OpenTable) -> None:
            results.append(self._container.write_rows().write_into(table, reader, WriteMode.APPEND, False, info))

        self._container.create_table()(self._namespace, name, reader.schema, _names(keys), sequence, fill=fill)
        return results[0]

    def write(
        self,
        name: str,
        data: Any,
        mode: str = "append",
        *,
        where: str | None = None,
        evolve: bool = False,
        idempotency_key: str | None = None,
        properties: Mapping[str, str] | None = None,
    ) -> WriteResult:
        """Write rows to a table as one version, which is durable when this returns.

            lake.write("orders", pa.table({"id": [1], "price": [9.5]}), mode="upsert")

        `data`: a pyarrow Table, a RecordBatchReader (streamed), or an object with `__arrow_c_stream__` (polars, pandas,
        duckdb). Columns are matched by name. `mode`: `append` adds the rows; `upsert` also replaces the rows with the
        same keys, which keep the values of columns that the data lacks; `overwrite` replaces all rows, or with `where`
        those for which the SQL condition is true. `evolve`: allow the data to add columns and widen types.
        `idempotency_key`: 1 to 255 characters; the same write again, by the same user with the same key, writes nothing
        and returns the first result. `properties`: names and values, both text, at most 65,536 characters in all,
        recorded in the history.
        Raises `TableNotFound`, `InvalidInput` and its subclasses, `IdempotencyKeyReused` if another write has the key,
        and `Conflict`. Nothing is changed then.
        """
        info = checked_commit_info(idempotency_key, properties)
        return self._container.write_rows()(self._namespace, name, data, checked_mode(mode), evolve, info, where)

    def delete(
        self,
        name: str,
        where: str | None = None,
        keys: Any = None,
        *,
        reason: str = "",
        idempotency_key: str | None = None,
        properties: Mapping[str, str] | None = None,
    ) -> WriteResult:
        """Delete rows as one version: those for which a SQL condition is true, or those with given keys.

        Give either `where` or `keys`, which is Arrow data as in `write` with the key columns. Older versions keep the
        rows; `Table.restore` undoes a delete. `reason` is recorded in the history and in `Table.tombstones`.
        `idempotency_key`, `properties`: as in `write`.
        Raises `TableNotFound`, `InvalidStatement`, `InvalidInput`, `IdempotencyKeyReused` and `Conflict`. Nothing is
        changed then.
        """
        if (where is None) == (keys is None):
            raise InvalidInput("Give either `where` or `keys` to say which rows to delete.")
        info = checked_commit_info(idempotency_key, properties)
        use_case = self._container.delete_rows()
        if where is not None:
            return use_case.where(self._namespace, name, where, reason, info)
        return use_case.keys(self._namespace, name, keys, reason, info)

    def table(self, name: str) -> Table:
        """The table of this name. Raises `TableNotFound`."""
        opened = self._container.tables().open(self._namespace, name, Permission.META)
        return Table(self, opened.name)

    def tables(self) -> Records[TableInfo]:
        """All tables, as of one moment, sorted by name."""
        return Records(map(TableInfo.of, self._container.tables().all(self._namespace, Permission.META)))

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


def _names(keys: Sequence[str]) -> list[str]:
    if isinstance(keys, str):
        return [keys]
    return list(keys)
