"""INSERT: the rows of a query become rows of a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa

from supertable.application.ports.statements import InsertStatement
from supertable.application.queries.run_query import RunQuery
from supertable.application.statements.requests import StatementRequest, StatementResult
from supertable.application.tables.lookup import Tables
from supertable.application.tables.open_table import OpenTable
from supertable.application.writes.write_modes import WriteMode
from supertable.application.writes.write_rows import WriteRows
from supertable.domain.access.roles import Permission
from supertable.domain.errors import InvalidInput
from supertable.domain.table.commits import Operation
from supertable.domain.table.key_conflicts import OnConflict


class InsertRows:
    def __init__(self, tables: Tables, run_query: RunQuery, write_rows: WriteRows) -> None:
        self._tables = tables
        self._run_query = run_query
        self._write_rows = write_rows

    def __call__(self, statement: InsertStatement, request: StatementRequest) -> StatementResult:
        """Insert the rows as one version. Raises what `RunQuery` and `WriteRows` raise, and `DuplicateKey`."""
        namespace, name = request.target(statement.table)
        table = self._tables.open(namespace, name, Permission.WRITE)
        replaces = statement.conflict is OnConflict.REPLACE
        mode = WriteMode.UPSERT if replaces else WriteMode.APPEND
        info = request.bound_info(Operation(mode.value))
        with request.rows(self._run_query, statement.query) as rows:
            columns = _columns(statement, table, rows.schema.names)
            _check_conflict(statement, table, columns)
            named = pa.RecordBatchReader.from_batches(_renamed(rows.schema, columns), _batches(rows, columns))
            written = self._write_rows.write_into(table, named, mode, False, info, conflict=statement.conflict)
        return StatementResult(statement.verb, written)


def _columns(statement: InsertStatement, table: OpenTable, given: Sequence[str]) -> list[str]:
    """The column of the table for each column of the query. Raises `InvalidInput` unless there is one for each."""
    if statement.by_name:
        return list(given)
    columns = statement.columns or table.schema.names
    if len(given) != len(columns):
        raise InvalidInput(
            f"INSERT gives {len(given):,} values in each row for {len(columns):,} columns of table {table.name}: "
            f"{', '.join(columns)}. Nothing was written."
        )
    return list(columns)


def _check_conflict(statement: InsertStatement, table: OpenTable, columns: Sequence[str]) -> None:
    """Raises `InvalidInput` for a conflict clause that does not fit the keys of the table."""
    keys = table.snapshot.key_names
    if statement.conflict is not OnConflict.ERROR and not keys:
        raise InvalidInput(f"Table {table.name} has no key columns, so rows cannot conflict. Use INSERT INTO alone.")
    if statement.conflict_keys and _lower(statement.conflict_keys) != _lower(keys):
        raise InvalidInput(f"ON CONFLICT must name the key columns of table {table.name}: {', '.join(keys)}.")
    others = _lower(columns) - _lower(keys)
    if statement.conflict_sets and _lower(statement.conflict_sets) != others:
        sets = ", ".join(f"{column} = EXCLUDED.{column}" for column in columns if column.lower() in others)
        raise InvalidInput(f"DO UPDATE must set all columns that are inserted, except keys: SET {sets}.")


def _lower(names: Sequence[str]) -> set[str]:
    return {name.lower() for name in names}


def _renamed(schema: pa.Schema, names: Sequence[str]) -> pa.Schema:
    return pa.schema([field.with_name(name) for field, name in zip(schema, names, strict=True)])


def _batches(rows: pa.RecordBatchReader, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
    for batch in rows:
        yield batch.rename_columns(list(names))
