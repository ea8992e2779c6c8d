"""The comment on a table. Changing it makes a version that changes no row."""

from __future__ import annotations

from dataclasses import replace

from supertable.application.commits.committer import Committer
from supertable.application.commits.preconditions import require_unchanged
from supertable.application.commits.write_result import WriteResult
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.open_table import OpenTable
from supertable.domain.access.roles import Permission
from supertable.domain.errors import WrongKind
from supertable.domain.table.commits import Change, CommitInfo, Operation


class CommentTable:
    def __init__(self, tables: Tables, committer: Committer) -> None:
        self._tables = tables
        self._committer = committer

    def __call__(
        self, namespace: Namespace, name: str, comment: str, read: OpenTable | None = None, view: bool = False
    ) -> WriteResult:
        """Set the comment. `read`: the table as the caller read it; None: no precondition. `view`: of a view instead.

        Raises `TableNotFound`, and `Outdated` if the comment changed since then.
        """

        def change(newest: OpenTable) -> Change:
            require_unchanged(newest, read, lambda snapshot: snapshot.definition.comment)
            definition = replace(newest.snapshot.definition, comment=comment)
            return Change(
                Operation.ALTER,
                definition=definition,
                description="comment on the view" if view else "comment on the table",
            )

        table = self._tables.open(namespace, name, Permission.CONTROL, views=view)
        if table.entry.view != view:
            raise WrongKind(table.name, table.entry.view)
        return WriteResult.of(table, self._committer.commit(table, change, CommitInfo()))
