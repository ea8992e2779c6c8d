"""Statements that change something: what a parser finds in their text. Queries are no part of this: see `engines`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from supertable.domain.table.key_conflicts import OnConflict

Name = tuple[str, ...]
"""A table's name as written, one to three parts: table; supertable.table; organization.supertable.table."""


@dataclass(frozen=True, slots=True)
class InsertStatement:
    """`INSERT INTO table (columns) query`.

    `columns`: empty: all columns of the table, in its order; with `by_name` those that the query names. `query`: SQL
    that is not checked. `conflict_keys`: the columns of `ON CONFLICT`; empty: not given. `conflict_sets`: the columns
    that `DO UPDATE` sets to the values of the row; empty: not given. `returning`: pairs of a column and its name in the
    answer; `*` stands for all columns; empty: nothing is returned.
    """

    verb: ClassVar[str] = "INSERT"
    table: Name
    columns: tuple[str, ...]
    by_name: bool
    query: str
    conflict: OnConflict = OnConflict.ERROR
    conflict_keys: tuple[str, ...] = ()
    conflict_sets: tuple[str, ...] = ()
    returning: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class DeleteStatement:
    """`DELETE FROM table AS alias WHERE condition`. `alias`: empty: none is given. `where`: SQL that is not checked;
    empty: all rows.
    """

    verb: ClassVar[str] = "DELETE"
    table: Name
    alias: str
    where: str


@dataclass(frozen=True, slots=True)
class TruncateStatement:
    verb: ClassVar[str] = "TRUNCATE"
    table: Name


ChangingStatement = InsertStatement | DeleteStatement | TruncateStatement


@dataclass(frozen=True, slots=True)
class ScriptPart:
    """One statement of a script. `line`: where it begins, from 1; `sql` has as many line ends before it."""

    sql: str
    line: int


class StatementParser(Protocol):
    def parse(self, sql: str) -> ChangingStatement | None:
        """The one statement in `sql`; None: it is a query, or something that only an engine can refuse.

        Checks the form of the statement alone, neither its names nor the SQL of its parts, which keeps the lines and
        columns that it has in `sql`. Raises `InvalidStatement`, and `StatementRefused` for parts that cannot run.
        """

    def split(self, script: str) -> Sequence[ScriptPart]:
        """The statements of a script, which semicolons separate. Empty ones are left out. Raises `InvalidStatement`."""
