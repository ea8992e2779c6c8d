"""Storing the query of a view. A view has a log like a table's, whose versions have its definition and no rows."""

from __future__ import annotations

from dataclasses import replace

from supertable.application.commits.committer import Committer
from supertable.application.commits.table_creator import TableCreator, checked_table_name
from supertable.application.commits.write_result import WriteResult
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.open_table import OpenTable
from supertable.domain.errors import InvalidInput, WrongKind
from supertable.domain.schema.schemas import Schema
from supertable.domain.table.commits import Change, CommitInfo, Operation, TableDefinition

MOST_CHARACTERS = 100_000
_NO_COLUMNS = Schema(id=1, fields=(), last_field_id=0)


class DefineView:
    """Requires the permission to control. The query must have been checked."""

    def __init__(self, table_creator: TableCreator, committer: Committer) -> None:
        self._table_creator = table_creator
        self._committer = committer

    def create(self, namespace: Namespace, name: str, sql: str) -> OpenTable:
        """Create the view, as version 1. Raises `InvalidName`, `InvalidInput` and `TableExists`."""
        checked_table_name(namespace, name)
        definition = TableDefinition(view=_checked(sql))
        return self._table_creator(namespace, name, Change(Operation.CREATE, definition=definition, schema=_NO_COLUMNS))

    def replace(self, view: OpenTable, sql: str) -> WriteResult:
        """Give the view another query, as its next version. Raises `InvalidInput`, `TableNotFound` and `Conflict`."""
        if not view.entry.view:
            raise WrongKind(view.name, view=False)
        text = _checked(sql)

        def change(newest: OpenTable) -> Change:
            definition = replace(newest.snapshot.definition, view=text)
            return Change(Operation.ALTER, definition=definition, description="query of the view")

        return WriteResult.of(view, self._committer.commit(view, change, CommitInfo()))


def _checked(sql: str) -> str:
    if len(sql) > MOST_CHARACTERS:
        raise InvalidInput(
            f"The query of a view may have up to {MOST_CHARACTERS:,} characters, and this one has {len(sql):,}."
        )
    return sql
