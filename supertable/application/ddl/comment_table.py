"""Saying what a table holds: a version that changes its definition and no row."""

from __future__ import annotations

from dataclasses import replace

from supertable.application.commits.committer import Committer
from supertable.application.commits.preconditions import require_same
from supertable.application.commits.write_result import WriteResult
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.open_table import OpenTable
from supertable.domain.access.roles import Permission
from supertable.domain.table.commits import Change, CommitInfo, Operation


class CommentTable:
    def __init__(self, tables: Tables, committer: Committer) -> None:
        self._tables = tables
        self._committer = committer

    def __call__(self, namespace: Namespace, name: str, comment: str, read: OpenTable | None = None) -> WriteResult:
        """`read`: the table as the caller knows it. Raises `TableNotFound`, and `Outdated` for another comment."""

        def change(newest: OpenTable) -> Change:
            require_same(newest, read, lambda snapshot: snapshot.definition.comment)
            definition = replace(newest.snapshot.definition, comment=comment)
            return Change(Operation.ALTER, definition=definition, description="comment on the table")

        table = self._tables.open(namespace, name, Permission.CONTROL)
        return WriteResult.of(table, self._committer.commit(table, change, CommitInfo()))
