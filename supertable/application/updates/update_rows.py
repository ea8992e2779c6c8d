"""UPDATE and MERGE: the use case."""

from __future__ import annotations

from typing import NamedTuple

from supertable.application.commits.committer import Committer
from supertable.application.commits.write_result import WriteResult
from supertable.application.queries.engines import Chosen
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.open_table import OpenTable
from supertable.application.updates.column_checks import check_statement
from supertable.application.updates.update_attempts import Attempt, UpdateAttempts, UpdateRequest
from supertable.domain.access.roles import Permission
from supertable.domain.table.commits import Change, CommitInfo


class Updated(NamedTuple):
    """What was changed, and the engine that ran the query; None: it was a repetition, so that nothing ran."""

    write: WriteResult
    chosen: Chosen | None


class UpdateRows:
    """A statement that changes no row makes a version too."""

    def __init__(self, tables: Tables, committer: Committer, attempts: UpdateAttempts) -> None:
        self._tables = tables
        self._committer = committer
        self._attempts = attempts

    def __call__(self, target: Namespace, name: str, request: UpdateRequest, info: CommitInfo) -> Updated:
        """Run the statement as one commit on the table `name` of `target`, evaluated on what the caller sees of it.

        If another commit comes first, the statement runs again on the newer version, so that no update is lost. Raises
        what a query raises, `InvalidInput` and its subclasses for values that do not fit, for rows that would change
        twice and for keys that would not be unique, `AccessDenied`, `IdempotencyKeyReused` and `Conflict`; nothing is
        then changed.
        """
        table = self._tables.open(target, name, Permission.WRITE)
        last: Attempt | None = None

        def propose(newest: OpenTable) -> Change:
            nonlocal last
            last = self._attempts.attempt(newest, request, last)
            return last.change

        with self._committer.protecting_new_objects(table):
            check_statement(table, request.statement)
            written = WriteResult.of(table, self._committer.commit(table, propose, info, prepare=propose))
        return Updated(written, last.chosen if last else None)
