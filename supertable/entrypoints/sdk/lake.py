"""A lake: one supertable of one organization, opened from Python."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow as pa

from supertable.application.authentication.who_am_i import Identity
from supertable.application.commits.write_result import WriteResult
from supertable.application.integrity.check_lake import CheckProgress
from supertable.application.integrity.rebuild_catalog import RebuildReport
from supertable.application.maintenance.maintain_lake import MaintenanceReport
from supertable.application.maintenance.vacuum_lake import LakeVacuumResult
from supertable.application.ports.engines import Limits
from supertable.application.storage.arrow_batches import as_reader
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.open_table import OpenTable
from supertable.application.tables.table_info import DroppedTable, TableInfo
from supertable.application.writes.write_modes import WriteMode
from supertable.config.closing import close
from supertable.config.container import Container
from supertable.config.settings.settings import Settings, load_settings
from supertable.domain.access.roles import Permission
from supertable.domain.access.sessions import Session, owner
from supertable.domain.errors import InvalidInput, NotSignedIn, SupertableError
from supertable.domain.findings import CheckReport
from supertable.domain.names import checked_name
from supertable.domain.table.vacuum import GRACE_SECONDS
from supertable.entrypoints.sdk.access import Roles, Tokens, Users
from supertable.entrypoints.sdk.audit import AuditLog
from supertable.entrypoints.sdk.commit_infos import commit_info
from supertable.entrypoints.sdk.durations import Duration, optional_seconds, seconds
from supertable.entrypoints.sdk.result import Result
from supertable.entrypoints.sdk.table import Table

DEFAULT_SUPERTABLE = "main"


def connect(
    home: str | Path | None = None,
    organization: str | None = None,
    supertable: str | None = None,
    *,
    token: str | None = None,
    role: str | None = None,
) -> Lake:
    """Open a lake; nothing is created before the first write.

    What is not given comes from the settings: `SUPERTABLE_HOME` (~/supertable), `SUPERTABLE_ORGANIZATION` (default),
    `SUPERTABLE_TOKEN`; the supertable is `main`. Without a token, whoever opens an embedded lake is its owner. `role`:
    the one to act under, instead of the one that is yours by default.
    Raises `InvalidName`, `InvalidSetting`, `NotSignedIn` and `AccessDenied`.
    """
    settings = load_settings(home=home, organization=organization)
    named = checked_name("organization", settings.organization)
    container = Container(settings=settings)
    return Lake(container, supertable or DEFAULT_SUPERTABLE, _session(container, named, token, role))


def _session(container: Container, organization: str, token: str | None, role: str | None) -> Session:
    settings: Settings = container.settings()
    if token is None and settings.supertable_token is not None:
        token = settings.supertable_token.get_secret_value()
    if token is not None:
        return _signed_in(container, organization, token, role)
    if settings.redis_configured:
        raise NotSignedIn(
            "This lake's catalog is in Redis, so a token is needed: supertable.connect(token=…), --token, or the "
            "setting SUPERTABLE_TOKEN. Nothing was opened."
        )
    return owner(organization, role, settings.superhash)


def _signed_in(container: Container, organization: str, token: str, role: str | None) -> Session:
    try:
        session: Session = container.sign_in()(organization, token, role)
    except SupertableError:
        container.catalog().close()  # nothing else was made yet
        raise
    return session


class Lake:
    """Thread-safe. Close it, or use it in a `with` block, to free its engine at once."""

    def __init__(self, container: Container, supertable: str, session: Session) -> None:
        self._container = container
        self._namespace = Namespace(session.organization, checked_name("supertable", supertable), session)

    @property
    def container(self) -> Container:
        return self._container

    @property
    def settings(self) -> Settings:
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
        return AuditLog(self._container, self._namespace)

    @property
    def roles(self) -> Roles:
        return Roles(self._container, self._namespace)

    @property
    def users(self) -> Users:
        return Users(self._container, self._namespace)

    @property
    def tokens(self) -> Tokens:
        return Tokens(self._container, self._namespace)

    def create_table(
        self, name: str, schema: pa.Schema, keys: Sequence[str] = (), sequence: str | None = None, comment: str = ""
    ) -> Table:
        """A new, empty table at version 1.

        `keys`: columns that identify a row; the table then holds one row per key. `sequence`: a column that says
        which of two rows with one key is the newer; without it the one written later is.
        Raises `InvalidName`, `InvalidSchema` or `TableExists`.
        """
        if not isinstance(schema, pa.Schema):
            schema = pa.schema(schema)
        created = self._container.create_table()(self._namespace, name, schema, _names(keys), sequence, comment)
        return Table(self._container, self._namespace, created.name)

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
        """A new table with the columns and rows of `data`, or none. Raises what `create_table` and `write` do."""
        reader = as_reader(data)
        info = commit_info(idempotency_key, properties)
        results: list[WriteResult] = []

        def fill(table: OpenTable) -> None:
            results.append(self._container.write_rows().into(table, reader, WriteMode.APPEND, False, info))

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
        """Write rows as one version, durable when this returns.

        `data`: a pyarrow Table or RecordBatchReader (streamed), or anything with `__arrow_c_stream__` (polars, pandas,
        duckdb). `mode`: append, upsert or overwrite. An upsert may lack columns: rows that exist keep their values.
        `where` makes an overwrite replace only the rows for which it is true. `evolve` lets the data add columns and
        widen types. A repeated `idempotency_key` returns the first result and writes nothing. `properties` are kept in
        the history.
        Raises `TableNotFound`, `InvalidInput` and its kinds, `Conflict`, `Unavailable`; nothing is then changed.
        """
        info = commit_info(idempotency_key, properties)
        return self._container.write_rows()(self._namespace, name, data, _mode(mode), evolve, info, where)

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
        """Delete the rows for which the SQL expression `where` is true, or those with the given `keys` (Arrow data).

        The rows stay in older versions. Raises `TableNotFound`, `InvalidStatement`, `InvalidInput`, `Conflict`.
        """
        if (where is None) == (keys is None):
            raise InvalidInput("Say which rows to delete: give either where or keys.")
        info = commit_info(idempotency_key, properties)
        use_case = self._container.delete_rows()
        if where is not None:
            return use_case.where(self._namespace, name, where, reason, info)
        return use_case.keys(self._namespace, name, keys, reason, info)

    def sql(
        self,
        sql: str,
        parameters: Sequence[Any] | Mapping[str, Any] = (),
        *,
        max_rows: int | None = None,
        timeout_seconds: float | None = None,
    ) -> Result:
        """Check a SELECT and bind it to one cut of all the tables that it names; the rows are taken from the result.

        Parameters are bound, never pasted: `?` or `$1` by a sequence, `$name` by a mapping. A result of more than
        `max_rows` rows is an error, not a cut one. Raises `InvalidStatement`, `StatementRefused`, `TableNotFound`.
        """
        use_case = self._container.run_query()
        timeout = timeout_seconds or self.settings.query_timeout_seconds
        return Result(
            use_case, use_case.prepare(self._namespace, sql, parameters), parameters, Limits(max_rows, timeout)
        )

    def changes(self, name: str, from_version: int, to_version: int | None = None) -> Result:
        """The rows that changed after `from_version` (0: all), up to and including `to_version` (None: the newest).

        Columns: `_change` (insert, update_before, update_after, delete), `_version`, and the table's as of the end.
        In SQL: `FROM table_changes('orders', 3, 5)`. Raises `TableNotFound` and `VersionNotFound`.
        """
        checked_name("table", name)
        upper = "" if to_version is None else f", {int(to_version)}"
        return self.sql(f"SELECT * FROM table_changes('{name}', {int(from_version)}{upper})")

    def table(self, name: str) -> Table:
        """Raises `TableNotFound`."""
        return Table(
            self._container, self._namespace, self._container.tables().open(self._namespace, name, Permission.META).name
        )

    def tables(self) -> list[TableInfo]:
        """All tables, as of one moment, by name."""
        return [TableInfo.of(table) for table in self._container.tables().all(self._namespace, Permission.META)]

    def rename(self, name: str, new_name: str) -> Table:
        """Raises `TableNotFound`, `InvalidName` and `TableExists`."""
        self._container.rename_table()(self._namespace, name, new_name)
        return Table(self._container, self._namespace, new_name)

    def drop(self, name: str) -> None:
        """Take a table away. Its name is free at once; `undrop` brings it back until a vacuum removes it.

        Raises `TableNotFound`.
        """
        self._container.drop_table()(self._namespace, name)

    def undrop(self, name: str, as_name: str | None = None) -> Table:
        """Bring back the table of that name that was dropped last, with all its versions.

        Raises `TableNotFound`, and `TableExists` when its name (or `as_name`) is another table's by now.
        """
        return Table(self._container, self._namespace, self._container.undrop_table()(self._namespace, name, as_name))

    def clone(self, name: str, new_name: str, version: int | str | None = None) -> Table:
        """A new table with the rows that another has at a version (a number, a tag, or None: the newest); none copied.

        Writes to either never show in the other; the files they share stay for as long as one needs them.
        Raises `TableNotFound`, `VersionNotFound`, `NotFound` for a tag, `InvalidName` and `TableExists`.
        """
        made = self._container.clone_table()(self._namespace, name, new_name, version)
        return Table(self._container, self._namespace, made.name)

    def dropped_tables(self) -> list[DroppedTable]:
        """Tables that can be brought back, the latest dropped first."""
        return DroppedTable.all_of(self._container.tables().registry(self._namespace))

    def vacuum(
        self, retention: Duration | None = None, *, dry_run: bool = False, grace: Duration = GRACE_SECONDS
    ) -> LakeVacuumResult:
        """`Table.vacuum` for every table; tables that were dropped longer ago than that go altogether."""
        return self._container.vacuum_lake()(self._namespace, optional_seconds(retention), dry_run, seconds(grace))

    def fsck(
        self,
        *,
        repair: bool = False,
        quick: bool = False,
        progress: Callable[[CheckProgress], None] = lambda progress: None,
    ) -> CheckReport:
        """Check everything that is stored: logs, checkpoints, data files, deletion vectors, the catalog.

        `repair` does what is safe: see each finding. `quick` looks at the sizes of data files, not at their bytes.
        Raises `AccessDenied`.
        """
        return self._container.check_lake()(self._namespace, repair, quick, progress)

    def maintain(self, stop: Callable[[], bool] = lambda: False) -> MaintenanceReport:
        """Compact and vacuum what is due by each table's policy, and purge dropped tables. See `Table.set_maintenance`.

        What fails for one table is in the report. `stop` is asked between two portions of work.
        """
        return self._container.maintain_lake()(self._namespace, stop)

    def rebuild_catalog(self) -> RebuildReport:
        """Make the catalog anew from storage, for all organizations. For the superuser; raises `AccessDenied`."""
        return self._container.rebuild_catalog()(self._namespace.session)

    def whoami(self) -> Identity:
        """Whom this lake takes its caller for, and what they may do now. Raises `NotSignedIn` and `AccessDenied`."""
        return self._container.who_am_i()(self._namespace.session)

    def close(self) -> None:
        """Free the engine and the catalog. Results that were not read to their end stop."""
        close(self._container)

    def __enter__(self) -> Lake:
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


def _mode(mode: str) -> WriteMode:
    try:
        return WriteMode(mode)
    except ValueError:
        known = ", ".join(WriteMode)
        raise InvalidInput(f"There is no write mode {mode!r}; there are {known}.") from None
