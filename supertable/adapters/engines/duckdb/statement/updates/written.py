"""A statement that was taken apart, as the text of its query."""

from __future__ import annotations

from dataclasses import dataclass

from supertable.adapters.engines.duckdb.statement.updates.clauses import NamedTable
from supertable.application.ports.engines.updates import Action
from supertable.domain.table.commits import Operation


@dataclass(frozen=True, slots=True)
class Names:
    """Names that do not occur in the statement: of the target, of the column that locates its rows, of a column that
    marks the rows of a MERGE's source, of that source, and of the query's two columns, which expressions could name."""

    prefix: str

    @property
    def target(self) -> str:
        return f"{self.prefix}_target"

    @property
    def row_id(self) -> str:
        return f"{self.prefix}_row"

    @property
    def found(self) -> str:
        return f"{self.prefix}_found"

    @property
    def new(self) -> str:
        return f"{self.prefix}_new"

    @property
    def mark(self) -> str:
        return f"{self.prefix}_mark"

    @property
    def source(self) -> str:
        return f"{self.prefix}_source"


@dataclass(frozen=True, slots=True)
class WrittenUpdate:
    """`sql`: see `CheckedUpdate.query`. `marked`: the name of the source, if its rows have a mark. `condition`: see
    `CheckedUpdate`."""

    operation: Operation
    target: NamedTable
    sql: str
    actions: tuple[Action, ...]
    marked: str = ""
    condition: str = ""
