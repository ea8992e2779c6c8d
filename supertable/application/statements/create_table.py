"""CREATE TABLE, empty or with the rows of a query."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa

from supertable.application.commits.write_result import WriteResult
from supertable.application.ddl.create_table import CreateTable
from supertable.application.ports.engines.statements import CreateTableAsStatement, CreateTableStatement
from supertable.application.queries.engines import Chosen
from supertable.application.queries.run_query import RunQuery
from supertable.application.statements.requests import StatementRequest, StatementResult, unchanged
from supertable.application.storage.arrow.arrow_schemas import arrow_field
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.open_table import OpenTable
from supertable.application.writes.write_modes import WriteMode
from supertable.application.writes.write_rows import WriteRows
from supertable.domain.access.roles import Permission
from supertable.domain.errors import TableExists, TableNotFound
from supertable.domain.table.commits import CommitInfo, Operation


class CreateEmptyTable:
    def __init__(self, tables: Tables, create_table: CreateTable) -> None:
        self._tables = tables
        self._create_table = create_table

    def __call__(self, statement: CreateTableStatement, request: StatementRequest) -> StatementResult:
        """Create the table. Raises what `CreateTable` raises; nothing is changed if it exists and may."""
        request.refuse_key(statement.verb)
        namespace, name = request.target(statement.table)

        def create() -> WriteResult:
            schema = pa.schema([arrow_field(column) for column in statement.columns])
            created = self._create_table(
                namespace, name, schema, statement.keys, partition_by=statement.partition_by, sort_by=statement.sort_by
            )
            return unchanged(created, Operation.CREATE.value)

        return StatementResult(statement.verb, _created(self._tables, namespace, name, statement.if_not_exists, create))


class CreateTableFromQuery:
    def __init__(self, tables: Tables, create_table: CreateTable, run_query: RunQuery, write_rows: WriteRows) -> None:
        self._tables = tables
        self._create_table = create_table
        self._run_query = run_query
        self._write_rows = write_rows

    def __call__(self, statement: CreateTableAsStatement, request: StatementRequest) -> StatementResult:
        """Create the table with the rows. If the query or a row fails, there is no table."""
        request.refuse_key(statement.verb)
        namespace, name = request.target(statement.table)
        info = CommitInfo(request.options.info.properties)
        written: list[WriteResult] = []
        read_by: list[Chosen] = []

        def create() -> WriteResult:
            self._tables.registry(namespace).require_free(name)  # before the query runs
            with request.rows(self._run_query, statement.query) as (rows, _, chosen):
                read_by.append(chosen)

                def fill(table: OpenTable) -> None:
                    written.append(self._write_rows.write_into(table, rows, WriteMode.APPEND, False, info))

                self._create_table(
                    namespace,
                    name,
                    rows.schema,
                    fill=fill,
                    partition_by=statement.partition_by,
                    sort_by=statement.sort_by,
                )
            return written[0]

        result = _created(self._tables, namespace, name, statement.if_not_exists, create)
        return StatementResult(statement.verb, result, chosen=read_by[0] if read_by else None)


def _created(
    tables: Tables, namespace: Namespace, name: str, if_not_exists: bool, create: Callable[[], WriteResult]
) -> WriteResult:
    """What `create` returns; with `if_not_exists` nothing is changed if there is a table of that name."""
    try:
        return create()
    except TableExists as error:
        if not if_not_exists:
            raise
        try:
            return unchanged(tables.open(namespace, name, Permission.CONTROL))
        except TableNotFound:
            raise error from None  # the name of the supertable, which no table can have
