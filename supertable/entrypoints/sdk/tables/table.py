"""One table of a lake, from Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa

from supertable.application.commits.write_result import WriteResult
from supertable.application.maintenance.compact_table import CompactionResult
from supertable.application.maintenance.vacuum_table import VacuumResult
from supertable.application.storage.arrow.arrow_schemas import arrow_schema, data_type
from supertable.application.tables.history import HistoryEntry
from supertable.application.tables.open_table import OpenTable
from supertable.application.tables.table_info import ColumnInfo, TableInfo
from supertable.application.tables.tombstones import TombstoneInfo, tombstones
from supertable.domain.access.roles import Permission
from supertable.domain.errors import SupertableError
from supertable.domain.maintenance.vacuum import GRACE_SECONDS
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
from supertable.entrypoints.sdk.door import door
from supertable.entrypoints.sdk.durations import Duration, optional_seconds, seconds
from supertable.entrypoints.sdk.records import Records
from supertable.entrypoints.sdk.tables.table_rows import LakeOfTable, TableRows

ColumnPath = str | Sequence[str]
"""A column's name, or the names from the outermost inwards for a field of a struct: ("address", "zip")."""


@door
class Table(TableRows):
    """A table of a lake, by name. Every method reads the newest version.

    Every method raises `TableNotFound` when the table was renamed or dropped, `AccessDenied` when the caller's role
    does not allow the action, and `NotSignedIn` when the token has expired or was revoked. Methods that return a
    `WriteResult` create one version and may raise `Conflict`.
    """

    def __init__(self, lake: LakeOfTable, name: str) -> None:
        self._lake = lake
        self._container = lake._container
        self._namespace = lake._namespace
        self._name = name

    @property
    def name(self) -> str:
        return self._name

    @property
    def schema(self) -> pa.Schema:
        """The columns. The fields' metadata holds their field ids and comments."""
        return arrow_schema(self._open().schema)

    def info(self) -> TableInfo:
        """Version, numbers of rows, files and bytes, keys and times.

        Numbers are None for a role that sees only part of the table.
        """
        return TableInfo.of(self._open())

    def columns(self) -> Records[ColumnInfo]:
        """The columns that the role may see, in table order."""
        return Records(ColumnInfo.of(self._open()))

    def history(self, limit: int = 100) -> Records[HistoryEntry]:
        """The newest `limit` versions, newest first: when, which operation, and how many rows changed."""
        return Records(self._container.table_history()(self._namespace, self._name, limit))

    def tombstones(self, limit: int = 100) -> Records[TombstoneInfo]:
        """The newest `limit` deletes, newest first: when, by which condition or keys, and why.

        The version before each delete still has the deleted rows.
        """
        return Records(tombstones(self._container.tables(), self._open(Permission.READ), limit))

    def tag(self, name: str, version: int | str | None = None, replace: bool = False) -> int:
        """Tag a version with a name, and return the version's number. A vacuum keeps tagged versions.

        `FROM t AT (VERSION => 'name')` reads it. `version`: a number, a tag, or None for the newest. `replace`: move
        the tag if another version has it. Raises `InvalidName`, `VersionNotFound`, and `AlreadyExists` when another
        version has the tag and `replace` is False.
        """
        return self._container.tag_version()(self._namespace, self._name, name, version, replace)

    def untag(self, name: str) -> None:
        """Remove a tag. Its version is then kept as long as untagged ones. Raises `NotFound`."""
        self._container.untag_version()(self._namespace, self._name, name)

    def tags(self) -> dict[str, int]:
        """The tagged versions by tag, sorted by tag."""
        return dict(sorted(self._open().entry.tags.items()))

    def restore(self, version: int | str, properties: Mapping[str, str] | None = None) -> WriteResult:
        """Create a new version with the rows and columns of an older one. The versions between them are kept.

        `version`: a number or a tag. Raises `VersionNotFound`, and `NotFound` for a tag.
        """
        return self._container.restore_version()(
            self._namespace, self._name, version, CommitInfo(dict(properties or {}))
        )

    def add_column(self, path: ColumnPath, kind: pa.DataType, comment: str = "") -> WriteResult:
        """Add a column, or a field of a struct, which is null in all existing rows. Errors: see `alter`."""
        return self.alter(AddColumn(_path(path), data_type(kind, ".".join(_path(path))), comment))

    def drop_column(self, path: ColumnPath) -> WriteResult:
        """Drop a column. Older versions keep it; a new column of the same name does not get its values."""
        return self.alter(DropColumn(_path(path)))

    def rename_column(self, path: ColumnPath, name: str) -> WriteResult:
        """Rename a column, or a field of a struct."""
        return self.alter(RenameColumn(_path(path), name))

    def move_column(self, path: ColumnPath, after: str | None = None) -> WriteResult:
        """Move a column after the column `after` of the same level; None: to the first position."""
        return self.alter(MoveColumn(_path(path), after))

    def widen_column(self, path: ColumnPath, kind: pa.DataType) -> WriteResult:
        """Change a column to a type that holds every value of the old one exactly.

        Such as int32 to int64, float to double, more decimal digits, or date to timestamp.
        """
        return self.alter(WidenColumn(_path(path), data_type(kind, ".".join(_path(path)))))

    def set_nullable(self, path: ColumnPath, nullable: bool) -> WriteResult:
        """Allow or forbid nulls in a column. Forbidding raises `InvalidSchema` when a row has a null."""
        return self.alter(SetNullable(_path(path), nullable))

    def comment_column(self, path: ColumnPath, comment: str) -> WriteResult:
        """Set a column's description."""
        return self.alter(SetComment(_path(path), comment))

    def alter(self, *changes: SchemaChange) -> WriteResult:
        """Change several columns as one version, all or none. No data is rewritten.

        Raises `InvalidSchema` for a missing column, and for a key or sequence column that cannot change;
        `IncompatibleSchema` for a type that does not hold the old values.
        """
        return self._container.alter_table()(self._namespace, self._name, changes, CommitInfo())

    def compact(self, sort_by: Sequence[str] | None = None, *, everything: bool = False) -> CompactionResult:
        """Rewrite small files and files with many dead rows as few clean ones. Writers are not blocked.

        `sort_by`: the columns to sort by; None: those of the maintenance policy. `everything`: rewrite all files.
        If nothing needs compaction, no version is created. Raises `InvalidSchema` for a missing sort column.
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
        """Remove versions that were replaced longer ago than `retention`, and the objects that only they need.

        Versions that a tag or a clone uses are kept, and so are objects that a running query reads. `retention`: a
        timedelta or seconds; None: that of the maintenance policy, by default 7 days. `grace`: the minimum age, by
        default 24 hours, of an unreferenced object before it is removed. `dry_run`: only report what would be removed
        and why.
        """
        return self._container.vacuum_table()(
            self._namespace, self._name, optional_seconds(retention), dry_run, seconds(grace)
        )

    def maintenance(self) -> MaintenancePolicy:
        """The maintenance policy. Its `sort_by` are field ids; `info` has the layout by names."""
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
        partition_by: Sequence[str] | None = None,
    ) -> WriteResult:
        """Change the maintenance policy, which `Lake.maintain` follows. Parameters that are None stay unchanged.

            table.set_maintenance(partition_by=["month(ordered_at)", "bucket(16, id)"], sort_by=["id", "price DESC"])

        `target_file_bytes`: the size of compacted files. `small_files`: the number of small files that makes a
        compaction due. `dirty_share`: the share of dead rows, above 0 and at most 1, from which a file is compacted.
        `sort_by`: columns that sort the rows of a file, each with `DESC` or not; empty: not sorted. `retention`: how
        long replaced versions are kept, a timedelta or seconds. `partition_by`: columns, and transforms of them:
        `year`, `month`, `day` and `hour` (in UTC), `truncate(3, name)` and `bucket(16, id)`; a file then has rows of
        one partition; empty: no partitions. Files that exist follow when they are compacted.
        Raises `InvalidSetting`, and `InvalidSchema` for a column that is missing or does not fit.
        """
        columns = [sort_by] if isinstance(sort_by, str) else sort_by
        partitions = [partition_by] if isinstance(partition_by, str) else partition_by
        return self._container.set_maintenance()(
            self._namespace,
            self._name,
            target_file_bytes,
            small_files,
            dirty_share,
            columns,
            optional_seconds(retention),
            partition_by=partitions,
        )

    def engine(self) -> str:
        """The engine of queries that name none, as `set_engine` set it; `default`: that of the settings."""
        table = self._open()
        table.require_whole("see the settings of")
        return table.snapshot.definition.engine or "default"

    def set_engine(self, engine: str) -> WriteResult:
        """Set the engine of queries that read this table and name none: AUTO, LITE, PRO or SPARK, in any case.

        `default`: that of the setting `SUPERTABLE_DEFAULT_ENGINE`. An engine that is away is passed over; where a query
        reads tables of several engines, the setting counts. Raises `InvalidSetting`.
        """
        return self._container.set_maintenance()(self._namespace, self._name, engine=engine)

    def _open(self, need: Permission = Permission.META) -> OpenTable:
        return self._container.tables().open(self._namespace, self._name, need)

    def __repr__(self) -> str:
        try:
            info = self.info()
        except SupertableError:
            return f"<Table {self._name}>"
        rows = "" if info.rows is None else f"{info.rows:,} rows "
        return f"<Table {info.name}: {rows}at version {info.version}>"


def _path(path: ColumnPath) -> Path:
    return (path,) if isinstance(path, str) else tuple(path)
