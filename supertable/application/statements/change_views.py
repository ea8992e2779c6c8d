"""CREATE VIEW and DROP VIEW."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa

from supertable.application.commits.table_creator import checked_table_name
from supertable.application.ddl.define_view import DefineView
from supertable.application.ddl.drop_table import DropTable
from supertable.application.ports.engines.running_queries import Limits
from supertable.application.ports.engines.statements import CreateViewStatement, DropViewStatement
from supertable.application.queries.relations.views import Views
from supertable.application.queries.run_query import PreparedQuery, RunQuery
from supertable.application.statements.requests import (
    DROPPED,
    StatementRequest,
    StatementResult,
    nothing,
    unchanged,
)
from supertable.application.storage.arrow.arrow_schemas import fields_of
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.open_table import OpenTable
from supertable.domain.access.roles import Permission
from supertable.domain.errors import InvalidStatement, StatementRefused, TableExists, TableNotFound, WrongKind
from supertable.domain.table.commits import Operation


class ChangeViews:
    """Each needs the permission to control, before it tells anything."""

    def __init__(self, tables: Tables, define: DefineView, drop: DropTable, run_query: RunQuery, views: Views) -> None:
        self._tables = tables
        self._define = define
        self._drop = drop
        self._run_query = run_query
        self._views = views

    def create(self, statement: CreateViewStatement, request: StatementRequest) -> StatementResult:
        """Check the query as a query of the caller, and store its text. Names in it are those of the view's supertable.

        Raises what `RunQuery` and `DefineView` raise, `InvalidSchema` for types that no table has, and
        `TableExists`.
        """
        request.refuse_key(statement.verb)
        namespace, name = request.target(statement.table)
        namespace = replace(namespace, self_table=None, local=None)
        self._tables.require(namespace.session, Permission.CONTROL)
        checked_table_name(namespace, name)
        existing = self._found(namespace, name)
        if existing and statement.if_not_exists and existing.entry.view:
            return StatementResult(statement.verb, unchanged(existing))
        if existing and not (statement.replaces and existing.entry.view):
            raise TableExists(name)
        sql = _text(statement)
        self._check(namespace, name, statement, sql, existing)
        if existing:
            return StatementResult(statement.verb, self._define.replace(existing, sql))
        created = self._define.create(namespace, name, sql)
        return StatementResult(statement.verb, unchanged(created, Operation.CREATE.value))

    def drop(self, statement: DropViewStatement, request: StatementRequest) -> StatementResult:
        """Drop the view; `undrop` restores it until a vacuum."""
        request.refuse_key(statement.verb)
        namespace, name = request.target(statement.table)
        self._tables.require(namespace.session, Permission.CONTROL)
        view = self._found(namespace, name)
        if view is None:
            if statement.if_exists:
                return StatementResult(statement.verb, nothing(statement.table))
            raise TableNotFound(name)
        if not view.entry.view:
            raise WrongKind(view.name, view=False)
        self._drop(namespace, name, view, view=True)
        return StatementResult(statement.verb, unchanged(view, DROPPED))

    def _found(self, namespace: Namespace, name: str) -> OpenTable | None:
        try:
            return self._tables.open(namespace, name, Permission.CONTROL, views=True)
        except TableNotFound:
            return None

    def _check(
        self, namespace: Namespace, name: str, statement: CreateViewStatement, sql: str, existing: OpenTable | None
    ) -> None:
        self._run_query.prepare(namespace, statement.query).lease.close()  # errors have the lines of the statement
        self._views.check_text(namespace, name, sql)
        names = self._rows(namespace, f"DESCRIBE (\n{statement.query}\n)")[1]["column_name"].to_pylist()
        if statement.columns and len(statement.columns) != len(names):
            raise InvalidStatement(
                f"The query has {len(names):,} columns, and {len(statement.columns):,} names are given."
            )
        names = list(statement.columns) or names
        prepared, rows = self._rows(namespace, f"SELECT * FROM (\n{sql}\n) LIMIT 0")
        if existing and any(table.entry.table_id == existing.entry.table_id for table in prepared.tables):
            raise StatementRefused(f"View {name} would read itself. Nothing was changed.")
        if len(set(map(str.lower, names))) < len(names):
            raise InvalidStatement("Two columns of the query have the same name. Give each a name of its own with AS.")
        fields_of(rows.schema)  # raises for a type that tables cannot have, which no listing could name

    def _rows(self, namespace: Namespace, sql: str) -> tuple[PreparedQuery, pa.Table]:
        prepared = self._run_query.prepare(namespace, sql)
        running = self._run_query.run(prepared, (), Limits())
        try:
            return prepared, running.reader.read_all()
        finally:
            running.close()


def _text(statement: CreateViewStatement) -> str:
    """The query, with the names of columns that the statement gives."""
    query = statement.query.strip()
    if not statement.columns:
        return query
    names = ", ".join('"' + name.replace('"', '""') + '"' for name in statement.columns)
    return f"SELECT * FROM (\n{query}\n) AS view_rows({names})"
