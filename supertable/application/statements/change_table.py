"""ALTER TABLE, DROP TABLE and COMMENT ON."""

from __future__ import annotations

from supertable.application.ddl.alter_table import AlterTable
from supertable.application.ddl.comment_table import CommentTable
from supertable.application.ddl.drop_table import DropTable
from supertable.application.ddl.rename_table import RenameTable
from supertable.application.ddl.set_maintenance_policy import SetMaintenancePolicy
from supertable.application.ports.engines.statements import (
    AlterTableStatement,
    CommentStatement,
    DropTableStatement,
    LayoutStatement,
    Name,
    RenameTableStatement,
)
from supertable.application.statements.requests import (
    DROPPED,
    RENAMED,
    StatementRequest,
    StatementResult,
    nothing,
    unchanged,
)
from supertable.application.tables.lookup import Tables
from supertable.application.tables.open_table import OpenTable
from supertable.domain.access.roles import Permission
from supertable.domain.errors import InvalidSchema, TableNotFound
from supertable.domain.schema.schema_changes import Path, SchemaChange, SetComment, field_at
from supertable.domain.schema.schemas import Schema
from supertable.domain.table.commits import CommitInfo


class ChangeTable:
    """Statements that change a table as a whole. Each needs the permission to control, before it tells anything."""

    def __init__(
        self,
        tables: Tables,
        alter: AlterTable,
        rename: RenameTable,
        drop: DropTable,
        comment: CommentTable,
        settings: SetMaintenancePolicy,
    ) -> None:
        self._tables = tables
        self._alter = alter
        self._rename = rename
        self._drop = drop
        self._comment = comment
        self._settings = settings

    def alter(self, statement: AlterTableStatement, request: StatementRequest) -> StatementResult:
        """Make all changes of the columns as one version, but those that their IF clauses leave out."""
        table = self._opened(statement.table, statement.if_exists, request, statement.verb)
        if table is None:
            return StatementResult(statement.verb, nothing(statement.table))
        changes = _needed(statement, table.snapshot.schema)
        if not changes:
            return StatementResult(statement.verb, unchanged(table))
        namespace, name = request.target(statement.table)
        info = CommitInfo(request.options.info.properties)
        return StatementResult(statement.verb, self._alter(namespace, name, changes, info, None))

    def lay_out(self, statement: LayoutStatement, request: StatementRequest) -> StatementResult:
        """Change how files are partitioned or sorted. Files that exist follow when they are compacted."""
        table = self._opened(statement.table, statement.if_exists, request, statement.verb)
        if table is None:
            return StatementResult(statement.verb, nothing(statement.table))
        namespace, name = request.target(statement.table)
        made = self._settings(namespace, name, partition_by=statement.partition_by, sort_by=statement.sort_by)
        return StatementResult(statement.verb, made)

    def rename(self, statement: RenameTableStatement, request: StatementRequest) -> StatementResult:
        view = statement.view
        table = self._opened(statement.table, statement.if_exists, request, statement.verb, view)
        if table is None:
            return StatementResult(statement.verb, nothing(statement.table))
        namespace, name = request.target(statement.table)
        self._rename(namespace, name, statement.new_name, table, view)
        renamed = self._tables.open(namespace, statement.new_name, Permission.CONTROL, views=view)
        return StatementResult(statement.verb, unchanged(renamed, RENAMED))

    def drop(self, statement: DropTableStatement, request: StatementRequest) -> StatementResult:
        """Drop the table; `undrop` restores it until a vacuum."""
        table = self._opened(statement.table, statement.if_exists, request, statement.verb)
        if table is None:
            return StatementResult(statement.verb, nothing(statement.table))
        namespace, name = request.target(statement.table)
        self._drop(namespace, name, table)
        return StatementResult(statement.verb, unchanged(table, DROPPED))

    def comment(self, statement: CommentStatement, request: StatementRequest) -> StatementResult:
        request.refuse_key(statement.verb)
        namespace, name = request.target(statement.table)
        self._tables.require(namespace.session, Permission.CONTROL)
        if not statement.column:
            made = self._comment(namespace, name, statement.comment, view=statement.view)
            return StatementResult(statement.verb, made)
        change = SetComment((statement.column,), statement.comment)
        info = CommitInfo(request.options.info.properties)
        return StatementResult(statement.verb, self._alter(namespace, name, [change], info))

    def _opened(
        self, parts: Name, if_exists: bool, request: StatementRequest, verb: str, view: bool = False
    ) -> OpenTable | None:
        """The table; None: there is none, and there need not be one."""
        request.refuse_key(verb)
        namespace, name = request.target(parts)
        self._tables.require(namespace.session, Permission.CONTROL)
        try:
            return self._tables.open(namespace, name, Permission.CONTROL, views=view)
        except TableNotFound:
            if if_exists:
                return None
            raise


def _needed(statement: AlterTableStatement, schema: Schema) -> list[SchemaChange]:
    """The changes, without those that IF EXISTS and IF NOT EXISTS leave out."""
    wanted = [one for one in statement.changes if one.only_if in (None, _has(schema, one.changes[0].path))]
    return [change for one in wanted for change in one.changes]


def _has(schema: Schema, path: Path) -> bool:
    try:
        field_at(schema, path)
    except InvalidSchema:
        return False
    return True
