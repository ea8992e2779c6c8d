"""INSERT: the rows of a query become rows of a table."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from supertable.application.ports.engines.statements import InsertStatement
from supertable.application.ports.readers import TextValues
from supertable.application.queries.run_query import RunQuery
from supertable.application.statements.assigned_rows import ReturnedRows, assigned_rows, check_columns
from supertable.application.statements.requests import StatementRequest, StatementResult
from supertable.application.storage.arrow_batches import conformer
from supertable.application.tables.lookup import Tables
from supertable.application.tables.open_table import OpenTable
from supertable.application.writes.write_modes import WriteMode
from supertable.application.writes.write_rows import WriteRows
from supertable.domain.access.roles import Permission
from supertable.domain.errors import InvalidInput, StatementRefused
from supertable.domain.schema.types import Field
from supertable.domain.table.commits import OnConflict, Operation


class InsertRows:
    def __init__(self, tables: Tables, run_query: RunQuery, write_rows: WriteRows, text_values: TextValues) -> None:
        self._tables = tables
        self._run_query = run_query
        self._write_rows = write_rows
        self._text_values = text_values

    def __call__(self, statement: InsertStatement, request: StatementRequest) -> StatementResult:
        """Insert the rows as one version. Raises what `RunQuery` and `WriteRows` raise, and `DuplicateKey`."""
        namespace, name = request.target(statement.table)
        table = self._tables.open(namespace, name, Permission.WRITE)
        _check_returning(statement, table, request)
        mode = WriteMode.UPSERT if statement.conflict is OnConflict.REPLACE else WriteMode.APPEND
        with request.rows(self._run_query, statement.query) as (rows, of_text, chosen):
            info = request.bound_info(Operation(mode.value)) if of_text else request.options.info
            columns = _columns(statement, table, rows.schema.names)
            _check_conflict(statement, table, columns)
            taken = assigned_rows(rows, columns, table, self._text_values)
            returned = ReturnedRows(taken) if statement.returning else None
            taken = returned.reader if returned else taken
            written = self._write_rows.write_into(table, taken, mode, False, info, conflict=statement.conflict)
        found = _returned(statement, table, returned.table()) if returned else None
        return StatementResult(statement.verb, written, found, chosen)


def _columns(statement: InsertStatement, table: OpenTable, given: Sequence[str]) -> Sequence[str]:
    """The column of the table for each column of the query. Raises `InvalidInput` unless there is one for each."""
    columns = given if statement.by_name else statement.columns or table.schema.names
    if len(given) != len(columns):
        raise InvalidInput(
            f"INSERT gives {len(given):,} values in each row, for the columns {', '.join(columns)} of table "
            f"{table.name}. Give one value for each. Nothing was written."
        )
    check_columns(table, columns)
    return columns


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


def _check_returning(statement: InsertStatement, table: OpenTable, request: StatementRequest) -> None:
    if not statement.returning:
        return
    if statement.conflict is not OnConflict.ERROR:
        raise StatementRefused("RETURNING is not available with OR REPLACE, OR IGNORE and ON CONFLICT.")
    if request.options.info.idempotency_key is not None:
        raise InvalidInput("RETURNING takes no idempotency key, since a repetition has no rows to return.")
    unknown = [name for name, _ in statement.returning if name != "*" and table.unmasked.find(name) is None]
    check_columns(table, unknown)


def _returned(statement: InsertStatement, table: OpenTable, rows: pa.Table) -> pa.Table:
    """The columns of RETURNING, of the rows as they were written."""
    stored = conformer(rows.schema, table.unmasked)(rows)
    names: list[tuple[str, str]] = []
    for column, name in statement.returning:
        names += [(one, one) for one in table.unmasked.names] if column == "*" else [(column, name)]
    found = [table.unmasked.names.index(_field(table, column).name) for column, _ in names]
    return pa.Table.from_arrays([stored.column(number) for number in found], [name for _, name in names])


def _field(table: OpenTable, name: str) -> Field:
    field = table.unmasked.find(name)
    assert field is not None, "it was checked"
    return field


def _lower(names: Sequence[str]) -> set[str]:
    return {name.lower() for name in names}
