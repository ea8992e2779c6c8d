"""The values that the query of an UPDATE or MERGE returns, as values of the table's columns, exactly or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from supertable.application.ports.engines.updates import Action, ActionKind, NewRows, SourceColumns
from supertable.application.ports.readers import TextValues
from supertable.application.storage.arrow.arrow_schemas import stored_schema
from supertable.application.storage.arrow_batches import conformer
from supertable.application.storage.incoming.assigned_text import is_from_text, values_of_text
from supertable.application.storage.incoming.value_checks import check_values
from supertable.application.tables.open_table import OpenTable
from supertable.application.updates.column_checks import check_columns, written_names
from supertable.domain.errors import InvalidInput, InvalidSchema, InvalidStatement
from supertable.domain.schema.schemas import Schema
from supertable.domain.schema.types import Field


@dataclass(frozen=True, slots=True)
class NewValues:
    """`columns`: for each action, the columns of the table that take its values."""

    actions: Sequence[Action]
    columns: Sequence[Sequence[Field]]
    text_values: TextValues

    @property
    def fields(self) -> list[Field]:
        """The fields of all values, in the order in which they are held."""
        return [field for columns in self.columns for field in columns]

    def plan(self) -> NewRows:
        values: dict[str, dict[int, int]] = {}
        number = 0
        for action, columns in enumerate(self.columns):
            for field in columns:
                values.setdefault(field.name, {})[action] = number
                number += 1
        updates, inserts = (self._of(kind) for kind in (ActionKind.UPDATE, ActionKind.INSERT))
        return NewRows(values, updates, inserts)

    def fitted(self, batch: pa.RecordBatch) -> pa.Table:
        """The rows with an action, as `HeldRows.add` takes them. Raises `InvalidSchema` for values that do not fit."""
        if not self.actions:
            return pa.table({"row": pa.array([], pa.int64()), "action": pa.array([], pa.int64())})
        rows = batch.filter(batch.column(1).is_valid())
        action, *given = rows.column(1).flatten()
        values = [
            _fitted(column, field, self.text_values)
            for column, field in zip(self._unpacked(given), self.fields, strict=True)
        ]
        names = ["row", "action", *(f"value_{number}" for number in range(len(values)))]
        return pa.Table.from_arrays([rows.column(0), action.cast(pa.int64()), *values], names)

    def _unpacked(self, given: Sequence[pa.Array]) -> Iterator[pa.Array]:
        columns = iter(given)
        for action in self.actions:
            if action.source:
                yield from next(columns).flatten()
            else:
                yield from (next(columns) for _ in range(action.values))

    def _of(self, kind: ActionKind) -> frozenset[int]:
        return frozenset(number for number, action in enumerate(self.actions) if action.kind is kind)


def new_values(actions: Sequence[Action], table: OpenTable, query: pa.Schema, text_values: TextValues) -> NewValues:
    """`query`: the columns of the statement's query. Raises `InvalidInput` and its subclasses."""
    given = list(query.field(1).type) if actions else []
    columns, number = [], 1
    for action in actions:
        source = given[number] if action.source else None
        number += action.values
        columns.append(_columns(action, table, source))
    return NewValues(actions, columns, text_values)


def _columns(action: Action, table: OpenTable, source: pa.Field | None) -> list[Field]:
    names = written_names(action, table) if source is None else _source_names(action, table, source)
    check_columns(table, action.kind, names)
    return [field for name in names if (field := table.unmasked.find(name))]


def _source_names(action: Action, table: OpenTable, source: pa.Field) -> list[str]:
    if not pa.types.is_struct(source.type):
        raise InvalidInput("The source of this MERGE has no columns whose names are known.")
    found = [part.name for part in source.type]
    if action.source is SourceColumns.BY_POSITION and [*map(str.lower, found)] != [*map(str.lower, table.schema.names)]:
        raise InvalidStatement(
            f"The columns of the source are not those of table {table.name} in the same order. "
            f"Say {action.kind.upper()} BY NAME, or name the columns."
        )
    return found


def _fitted(column: pa.Array, field: Field, text_values: TextValues) -> pa.ChunkedArray:
    """The values with the type of the column. Nulls, which may be of other actions, are checked later."""
    alone = Schema(0, (replace(field, nullable=True),), 0)
    if column.null_count == len(column):
        return pa.chunked_array([pa.nulls(len(column), stored_schema(alone).field(0).type)])
    try:
        values = values_of_text(column, field, text_values) if is_from_text(column.type, field) else column
        given = pa.table([values], names=[field.name])
        return check_values(conformer(given.schema, alone)(given), alone).column(0)
    except InvalidSchema as error:
        reason = error.reason.split(": ", 1)[-1] if error.reason.startswith("row ") else error.reason
        raise InvalidSchema(error.column, reason) from error.__cause__  # the number of a new row says nothing
