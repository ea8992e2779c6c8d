"""One table, from Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa

from supertable.application.commits.write_result import WriteResult
from supertable.application.maintenance.compact_table import CompactionResult
from supertable.application.maintenance.vacuum_table import VacuumResult
from supertable.application.storage.arrow_schemas import arrow_schema, fields_of
from supertable.application.tables.history import HistoryEntry
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.open_table import OpenTable
from supertable.application.tables.table_info import ColumnInfo, TableInfo
from supertable.application.tables.tombstones import TombstoneInfo, tombstones
from supertable.config.container import Container
from supertable.domain.access.roles import Permission
from supertable.domain.schema.schema_changes import (
    AddColumn,
    DropColumn,
    MoveColumn,
    Path,
    RenameColumn,
    SchemaChange,
    SetComment,
    SetNullable,
    WidenColumn,
)
from supertable.domain.table.commits import CommitInfo
from supertable.domain.table.maintenance_policy import MaintenancePolicy
from supertable.domain.table.vacuum import GRACE_SECONDS
from supertable.entrypoints.sdk.durations import Duration, optional_seconds, seconds

ColumnPath = str | Sequence[str]
"""A column's name, or names from the outside in for a nested field: ("address", "zip")."""


class Table:
    """A name, not a copy: every method looks at the newest version."""

    def __init__(self, container: Container, namespace: Namespace, name: str) -> None:
        self._container = container
        self._namespace = namespace
        self._name = name

    @property
    def name(self) -> str:
        return self._name

    @property
    def schema(self) -> pa.Schema:
        """The columns; field ids and comments are in the fields' metadata."""
        return arrow_schema(self._open().schema)

    def info(self) -> TableInfo:
        return TableInfo.of(self._open())

    def columns(self) -> list[ColumnInfo]:
        return ColumnInfo.of(self._open())

    def history(self, limit: int = 100) -> list[HistoryEntry]:
        """The newest `limit` commits, newest first."""
        return self._container.table_history()(self._namespace, self._name, limit)

    def tombstones(self, limit: int = 100) -> list[TombstoneInfo]:
        """The newest `limit` soft deletes, newest first: who, when, why. The version before each has the rows."""
        return tombstones(self._container.tables(), self._open(Permission.READ), limit)

    def tag(self, name: str, version: int | str | None = None, replace: bool = False) -> int:
        """Give a version (None: the newest) a name, which keeps it from being vacuumed; the version is returned.

        `FROM t AT (VERSION => 'name')` reads it. Raises `InvalidName`, `VersionNotFound`, and `AlreadyExists` when
        another version has the tag, unless `replace` moves it.
        """
        return self._container.tag_version()(self._namespace, self._name, name, version, replace)

    def untag(self, name: str) -> None:
        """Take a tag away; its version stays for as long as the others do. Raises `NotFound`."""
        self._container.untag_version()(self._namespace, self._name, name)

    def tags(self) -> dict[str, int]:
        """The versions that have a tag, by tag, sorted."""
        return dict(sorted(self._open().entry.tags.items()))

    def restore(self, version: int | str, properties: Mapping[str, str] | None = None) -> WriteResult:
        """A new version with the rows and columns of an older one, or of the one that a tag names.

        Raises `VersionNotFound`, and `NotFound` for a tag.
        """
        return self._container.restore_version()(
            self._namespace, self._name, version, CommitInfo(dict(properties or {}))
        )

    def add_column(self, path: ColumnPath, kind: pa.DataType, comment: str = "") -> WriteResult:
        """A new column, or struct member, null in all rows there are."""
        (field,) = fields_of(pa.schema([pa.field(_path(path)[-1], kind)]))
        return self.alter(AddColumn(_path(path), field.type, comment))

    def drop_column(self, path: ColumnPath) -> WriteResult:
        """Older versions keep it; a new column of the same name does not get its values back."""
        return self.alter(DropColumn(_path(path)))

    def rename_column(self, path: ColumnPath, name: str) -> WriteResult:
        return self.alter(RenameColumn(_path(path), name))

    def move_column(self, path: ColumnPath, after: str | None = None) -> WriteResult:
        """Right after its sibling `after`, or first."""
        return self.alter(MoveColumn(_path(path), after))

    def widen_column(self, path: ColumnPath, kind: pa.DataType) -> WriteResult:
        """To a type that holds every value: int32 to int64, float to double, more digits, date to timestamp."""
        (field,) = fields_of(pa.schema([pa.field(_path(path)[-1], kind)]))
        return self.alter(WidenColumn(_path(path), field.type))

    def set_nullable(self, path: ColumnPath, nullable: bool) -> WriteResult:
        """Allow nulls, or forbid them, which no row may contradict."""
        return self.alter(SetNullable(_path(path), nullable))

    def comment_column(self, path: ColumnPath, comment: str) -> WriteResult:
        return self.alter(SetComment(_path(path), comment))

    def alter(self, *changes: SchemaChange) -> WriteResult:
        """Several changes of columns as one version, all or none. No data is rewritten.

        Raises `InvalidSchema` for columns that are not there or are needed, `IncompatibleSchema` for types.
        """
        return self._container.alter_table()(self._namespace, self._name, changes, CommitInfo())

    def compact(self, sort_by: Sequence[str] | None = None, *, everything: bool = False) -> CompactionResult:
        """Write small files, and files with many dead rows, anew; with `everything` all. Other writes go on meanwhile.

        `sort_by`: columns to sort by; None: those of the table's maintenance policy. Raises `InvalidSchema`.
        """
        columns = [sort_by] if isinstance(sort_by, str) else sort_by
        return self._container.compact_table()(self._namespace, self._name, columns, everything)

    def vacuum(
        self,
        retention: Duration | None = None,
        *,
        dry_run: bool = False,
        grace: Duration = GRACE_SECONDS,
    ) -> VacuumResult:
        """Give up versions older than `retention` (None: the table's own, 7 days) and remove what only they need.

        Versions that a tag or clone pins stay, and what a running query reads. `grace`: how old an object that no
        version knows must be. A dry run lists what would go, and why, and changes nothing.
        """
        return self._container.vacuum_table()(
            self._namespace, self._name, optional_seconds(retention), dry_run, seconds(grace)
        )

    def maintenance(self) -> MaintenancePolicy:
        """What `maintain` does to this table. `sort_by` are field ids."""
        table = self._open()
        table.require_whole("see the maintenance policy of")
        return table.snapshot.definition.maintenance

    def set_maintenance(
        self,
        *,
        target_file_bytes: int | None = None,
        small_files: int | None = None,
        dirty_share: float | None = None,
        sort_by: Sequence[str] | None = None,
        retention: Duration | None = None,
    ) -> WriteResult:
        """Change what `maintain` does to this table; what is not given stays. See `MaintenancePolicy`.

        Raises `InvalidSetting` and, for a column to sort by that is not there, `InvalidSchema`.
        """
        columns = [sort_by] if isinstance(sort_by, str) else sort_by
        return self._container.set_maintenance()(
            self._namespace,
            self._name,
            target_file_bytes,
            small_files,
            dirty_share,
            columns,
            optional_seconds(retention),
        )

    def _open(self, need: Permission = Permission.META) -> OpenTable:
        return self._container.tables().open(self._namespace, self._name, need)

    def __repr__(self) -> str:
        info = self.info()
        rows = "" if info.rows is None else f"{info.rows:,} rows "
        return f"<Table {info.name}: {rows}at version {info.version}>"


def _path(path: ColumnPath) -> Path:
    return (path,) if isinstance(path, str) else tuple(path)
