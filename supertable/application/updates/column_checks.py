"""Checks of the columns that an UPDATE or MERGE sets: the caller must see them unmasked, and may write what it adds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from supertable.application.ports.engines.updates import Action, ActionKind, CheckedUpdate
from supertable.application.tables.open_table import OpenTable
from supertable.application.writes.write_checks import check_columns_writable
from supertable.domain.errors import InvalidStatement, StatementRefused
from supertable.domain.schema.types import Field

_MOST_NAMES = 20


def check_statement(table: OpenTable, statement: CheckedUpdate) -> None:
    """Raises `AccessDenied`, and the error of unknown columns, for what the caller may not write."""
    if statement.whole_row and not any(_same(statement.whole_row, name) for name in table.schema.names):
        raise StatementRefused(f"{statement.whole_row!r} is a row of the table, not a value: name its columns.")
    for action in statement.actions:
        check_columns(table, action.kind, written_names(action, table))


def check_columns(table: OpenTable, kind: ActionKind, names: Sequence[str]) -> None:
    """The same for the columns of one action."""
    fields = [_field(table, name) for name in names]
    if kind is ActionKind.INSERT or (kind is ActionKind.UPDATE and sets_keys(table, names)):
        check_columns_writable(table, fields)


def sets_keys(table: OpenTable, names: Iterable[str]) -> bool:
    keys = {name.lower() for name in table.snapshot.key_names}
    return any(name.lower() in keys for name in names)


def written_names(action: Action, table: OpenTable) -> list[str]:
    """The columns that the action names; empty if it takes those of the source."""
    if action.source:
        return []
    if action.columns is not None:
        return list(action.columns)
    names = table.schema.names
    if len(names) != action.values:
        raise InvalidStatement(
            f"INSERT without a list of columns needs a value for each column of table {table.name}, "
            f"{len(names)}, but has {action.values}."
        )
    return names


def _field(table: OpenTable, name: str) -> Field:
    """Raises `InvalidStatement` for columns that are unknown, hidden or masked, without telling which."""
    field = table.unmasked.find(name)
    if field is None:
        names = ", ".join(table.unmasked.names[:_MOST_NAMES])
        raise InvalidStatement(f"Table {table.name} has no column {name!r} that can be set here. It has {names}.")
    return field


def _same(one: str, other: str) -> bool:
    """Whether DuckDB takes the names for the same one: it ignores the case of ASCII letters only."""
    return one == other or (one.isascii() and other.isascii() and one.lower() == other.lower())
