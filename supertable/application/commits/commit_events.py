"""What the audit log is told of a commit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from supertable.application.audit_recorder import AuditRecorder
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.open_table import OpenTable
from supertable.domain.access.sessions import Session
from supertable.domain.audit import OK, AuditKind
from supertable.domain.table.commits import Change, Commit, Counts, Operation

REPLAYED = "replayed"
_KINDS = {
    Operation.CREATE: AuditKind.TABLE,
    Operation.CLONE: AuditKind.TABLE,
    Operation.COMPACT: AuditKind.MAINTENANCE,
    Operation.VACUUM: AuditKind.MAINTENANCE,
}


class CommitEvents:
    """One commit, from before it is tried; raises `AuditUnavailable` where it could not be recorded."""

    def __init__(
        self, audit: AuditRecorder, namespace: Namespace, table: str, propose: Callable[[OpenTable], Change]
    ) -> None:
        audit.ensure_ready(namespace.organization)
        self._audit = audit
        self._place = namespace
        self._table = table
        self._propose = propose
        self._proposed: Change | None = None
        self._began_us = audit.now_us()

    def propose(self, newest: OpenTable) -> Change:
        self._proposed = self._propose(newest)
        return self._proposed

    def done(self, commit: Commit, replayed: bool, writers: Sequence[OpenTable] = ()) -> None:
        """`writers`: those who share it, if there are any; each has an event of their own."""
        outcome = REPLAYED if replayed else OK
        change = commit.change
        shares = [
            (writer.namespace.session, share.counts)
            for writer, share in zip(writers, change.shares, strict=False)
            if writer.namespace
        ]
        for session, counts in shares or [(self._place.session, change.counts)]:
            self._tell(change, session, rows=_rows(counts), version=commit.version, outcome=outcome)

    def failed(self, error: BaseException) -> None:
        self._tell(self._proposed, self._place.session, outcome=type(error).__name__)

    def _tell(self, change: Change | None, session: Session, **more: Any) -> None:
        kind = _kind(change) if change else AuditKind.WRITE
        self._audit.record_action(
            session,
            kind,
            change.operation if change else "commit",
            self._began_us,
            supertable=self._place.supertable,
            tables=(self._table,),
            **more,
        )


def _kind(change: Change) -> AuditKind:
    if change.operation is Operation.ALTER:
        return AuditKind.TABLE if change.schema else AuditKind.SETTING
    return _KINDS.get(change.operation, AuditKind.WRITE)


def _rows(counts: Counts) -> int:
    return counts.inserted + counts.updated + counts.deleted
