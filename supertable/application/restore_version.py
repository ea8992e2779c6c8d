"""Going back: a new version whose rows and columns are those of an older one. Nothing in between is lost."""

from __future__ import annotations

from supertable.application.committing import Committer
from supertable.application.results import WriteResult
from supertable.application.tables import Place, Tables
from supertable.domain.commits import CommitInfo
from supertable.domain.rebase import restoring


class RestoreVersion:
    def __init__(self, tables: Tables, committer: Committer) -> None:
        self._tables = tables
        self._committer = committer

    def __call__(self, place: Place, name: str, version: int | str, info: CommitInfo) -> WriteResult:
        """To a version or the one that a tag names. Raises `VersionNotFound` and `NotFound`.

        Commits that come in between are undone too, as a later commit would do."""
        table = self._tables.open(place, name)
        target = self._tables.as_of(table, version).snapshot
        committed = self._committer.commit(table, lambda newest: restoring(target, newest.snapshot), info)
        return WriteResult.of(table, committed)
