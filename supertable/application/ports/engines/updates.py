"""UPDATE and MERGE: a checked query of the new values, what to do with its rows, and the rows while they are held."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import pyarrow as pa

from supertable.application.ports.engines.engine import CheckingEngine
from supertable.application.ports.engines.parsed_statements import Statement
from supertable.domain.scan.scan_plan import Scan
from supertable.domain.schema.types import Field
from supertable.domain.table.commits import Operation


class ActionKind(StrEnum):
    UPDATE = "update"
    INSERT = "insert"
    DELETE = "delete"


class SourceColumns(StrEnum):
    """How the columns of a MERGE's source become values: by their names, or by their positions."""

    BY_NAME = "BY NAME"
    BY_POSITION = "*"


@dataclass(frozen=True, slots=True)
class Action:
    """What happens to some rows. `values`: how many values the query has for it.

    `columns`: those that take the values, as written; None: all that the caller sees, in their order. `source`: set if
    the action takes the whole row of the source, as one value.
    """

    kind: ActionKind
    columns: tuple[str, ...] | None = ()
    values: int = 0
    source: SourceColumns | None = None


@dataclass(frozen=True, slots=True)
class CheckedUpdate:
    """An UPDATE, a MERGE, or a DELETE that reads other tables.

    `query`: a query of two columns; `sql`: its text. The first column locates a row of the target; null: there is none,
    for an insert. The second is a struct: the number of the action, or null for none; then the values of each action,
    in order. They are null in rows of other actions.
    `target`: the id of the relation that is updated. It has one column more, `row_id`, that no caller can name.
    `whole_row`: the name that stands for the target's whole row, unless it has a column of that name; empty if the
    statement does not use it. `condition`: of a DELETE, as written, with USING if it has that.
    """

    operation: Operation
    query: Statement
    sql: str
    target: int
    row_id: str
    actions: tuple[Action, ...]
    whole_row: str = ""
    condition: str = ""

    @property
    def parts(self) -> tuple[str, ...]:
        """The target's name as written."""
        return next(relation.parts for relation in self.query.relations if relation.id == self.target)


class UpdatingEngine(CheckingEngine, Protocol):
    def parse_update(self, sql: str) -> CheckedUpdate:
        """Parse and check an UPDATE, MERGE or DELETE. Raises `InvalidStatement` and `StatementRefused`."""


class HeldRows(Protocol):
    """Rows with new values, which the engine holds, on disk where memory is short."""

    def add(self, rows: pa.Table) -> None:
        """`rows`: int64 `row` (see `ROWS_OF_FILE`; null: none) and `action`, then the values as `value_0` and on."""

    def located(self) -> Iterator[pa.RecordBatch]:
        """`row` and `action` of all held rows with a location, ordered by `row`."""

    def completed(self, table: Scan, numbers: Sequence[int], plan: NewRows) -> pa.RecordBatchReader:
        """The new rows, with the columns of `table.schema`, in undefined order. Columns without a new value keep that
        of the located row.

        `table`: the files that have the located rows. `numbers`: the number of each of these files in the locations.
        """


@dataclass(frozen=True, slots=True)
class NewRows:
    """How new rows are made. `values`: for each column, by its name, the number of its value by action.

    `updates` and `inserts`: the actions that make rows. A column without a value is null in inserted rows.
    """

    values: Mapping[str, Mapping[int, int]]
    updates: frozenset[int]
    inserts: frozenset[int]


class RowHolder(Protocol):
    def hold(self, values: Sequence[Field]) -> AbstractContextManager[HeldRows]:
        """Begin to hold rows with values of these fields. They are held within the block."""
