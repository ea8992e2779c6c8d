"""Statements that change something: what a parser finds in their text. Queries are no part of this: see `engines`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from supertable.domain.schema.schema_changes import SchemaChange
from supertable.domain.schema.types import Field
from supertable.domain.table.commits import OnConflict

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
class JoinedDeleteStatement:
    """A DELETE that reads other tables: by USING, a subquery or WITH. `UpdatingEngine.parse_update` finds its parts."""

    verb: ClassVar[str] = "DELETE"


@dataclass(frozen=True, slots=True)
class TruncateStatement:
    verb: ClassVar[str] = "TRUNCATE"
    table: Name


@dataclass(frozen=True, slots=True)
class UpdateStatement:
    """Its parts are read by `UpdatingEngine.parse_update`."""

    verb: ClassVar[str] = "UPDATE"


@dataclass(frozen=True, slots=True)
class MergeStatement:
    """As above."""

    verb: ClassVar[str] = "MERGE"


@dataclass(frozen=True, slots=True)
class CreateTableStatement:
    """`CREATE TABLE table (columns)`. `columns`: without ids. `keys`: those of PRIMARY KEY. `partition_by`, `sort_by`:
    the texts in PARTITIONED BY and SORTED BY.
    """

    verb: ClassVar[str] = "CREATE TABLE"
    table: Name
    columns: tuple[Field, ...]
    keys: tuple[str, ...]
    if_not_exists: bool
    partition_by: tuple[str, ...] = ()
    sort_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CreateTableAsStatement:
    """`CREATE TABLE table AS query`. `query`: SQL that is not checked. `partition_by`, `sort_by`: as above."""

    verb: ClassVar[str] = "CREATE TABLE AS"
    table: Name
    query: str
    if_not_exists: bool
    partition_by: tuple[str, ...] = ()
    sort_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ColumnChange:
    """Changes of one column. `only_if`: they are left out unless the column exists (True), or is missing (False)."""

    changes: tuple[SchemaChange, ...]
    only_if: bool | None = None


@dataclass(frozen=True, slots=True)
class AlterTableStatement:
    """`ALTER TABLE table …`: changes of its columns, which are made together."""

    verb: ClassVar[str] = "ALTER TABLE"
    table: Name
    if_exists: bool
    changes: tuple[ColumnChange, ...]


@dataclass(frozen=True, slots=True)
class LayoutStatement:
    """`ALTER TABLE table SET PARTITIONED BY (…)` or `SET SORTED BY (…)`. None: that part stays; empty: it is reset."""

    verb: ClassVar[str] = "ALTER TABLE"
    table: Name
    if_exists: bool
    partition_by: tuple[str, ...] | None
    sort_by: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class RenameTableStatement:
    """`ALTER TABLE table RENAME TO new_name`, or with `view` `ALTER VIEW`."""

    verb: ClassVar[str] = "ALTER TABLE"
    table: Name
    if_exists: bool
    new_name: str
    view: bool = False


@dataclass(frozen=True, slots=True)
class DropTableStatement:
    verb: ClassVar[str] = "DROP TABLE"
    table: Name
    if_exists: bool


@dataclass(frozen=True, slots=True)
class CommentStatement:
    """`COMMENT ON TABLE table IS 'comment'`. `column`: empty: the comment is on the table; with `view` on a view."""

    verb: ClassVar[str] = "COMMENT ON"
    table: Name
    column: str
    comment: str
    view: bool = False


@dataclass(frozen=True, slots=True)
class CreateViewStatement:
    """`CREATE VIEW table (columns) AS query`. `columns`: empty: those of the query, SQL that is not checked."""

    verb: ClassVar[str] = "CREATE VIEW"
    table: Name
    columns: tuple[str, ...]
    query: str
    replaces: bool
    if_not_exists: bool


@dataclass(frozen=True, slots=True)
class DropViewStatement:
    verb: ClassVar[str] = "DROP VIEW"
    table: Name
    if_exists: bool


ChangingStatement = (
    InsertStatement
    | UpdateStatement
    | MergeStatement
    | DeleteStatement
    | JoinedDeleteStatement
    | TruncateStatement
    | CreateTableStatement
    | CreateTableAsStatement
    | AlterTableStatement
    | LayoutStatement
    | RenameTableStatement
    | DropTableStatement
    | CommentStatement
    | CreateViewStatement
    | DropViewStatement
)


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

    def functions(self) -> Sequence[str]:
        """The names of the functions that queries may call, sorted."""
