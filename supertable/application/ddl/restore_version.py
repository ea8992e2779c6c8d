"""Restoring a version: a new version gets the rows and columns of an older one. Versions in between are kept."""

from __future__ import annotations

from supertable.application.commits.committer import Committer
from supertable.application.commits.write_result import WriteResult
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.open_table import OpenTable
from supertable.domain.access.roles import Permission
from supertable.domain.table.commits import Change, CommitInfo, Operation
from supertable.domain.table.idempotency import bound_key
from supertable.domain.table.rebase import restore_change


class RestoreVersion:
    def __init__(self, tables: Tables, committer: Committer) -> None:
        self._tables = tables
        self._committer = committer

    def __call__(self, namespace: Namespace, name: str, version: int | str, info: CommitInfo) -> WriteResult:
        """Restore a version, by number or tag. Concurrent commits that come first are undone too.

        Raises `TableNotFound`, `VersionNotFound`, and `NotFound` for a tag.
        """
        table = self._tables.open(namespace, name, Permission.CONTROL)
        target = self._tables.as_of(table, version).snapshot

        def change(newest: OpenTable) -> Change:
            self._tables.at_version(newest, target.version)  # a vacuum may have expired it since
            return restore_change(target, newest.snapshot)

        bound = bound_key(info, namespace.session.user, Operation.RESTORE, version)
        return WriteResult.of(table, self._committer.commit(table, change, bound, needs=[target.version]))
