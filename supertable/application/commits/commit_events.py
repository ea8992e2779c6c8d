"""The audit events of a commit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from supertable.application.audit_recorder import AuditRecorder
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.open_table import OpenTable
from supertable.domain.access.sessions import Session
from supertable.domain.audit import OK, AuditEvent, AuditKind
from supertable.domain.table.commits import Change, Commit, Counts, Operation

REPLAYED = "replayed"
_KINDS = {
    Operation.CREATE: AuditKind.TABLE,
    Operation.CLONE: AuditKind.TABLE,
    Operation.COMPACT: AuditKind.MAINTENANCE,
    Operation.VACUUM: AuditKind.MAINTENANCE,
}


@dataclass(frozen=True, slots=True)
class Writer:
    """One of several writers of a commit. `table`: as this writer opened it. `request`: the id of its request."""

    table: OpenTable
    request: str


@dataclass(frozen=True, slots=True)
class CommitEvents:
    """Records the audit events of one commit to the table named `table`. `began_us`: when the commit began."""

    audit: AuditRecorder
    namespace: Namespace
    table: str
    began_us: int

    def record_commit(self, commit: Commit, replayed: bool, writers: Sequence[Writer] = ()) -> None:
        """`writers`: the writers that share the commit, if any; each gets its own event."""
        outcome = REPLAYED if replayed else OK
        change = commit.change
        shares = [
            (writer.table.namespace.session, share.counts, {"request": writer.request})
            for writer, share in zip(writers, change.shares, strict=False)
            if writer.table.namespace
        ]
        self.audit.record(
            *(
                self._event(change, session, rows=_rows(counts), version=commit.version, outcome=outcome, **request)
                for session, counts, request in shares or [(self.namespace.session, change.counts, {})]
            )
        )

    def record_failure(self, proposed: Change | None, error: BaseException) -> None:
        """`proposed`: the change that was not committed; None: the failure came before there was one."""
        self.audit.record(self._event(proposed, self.namespace.session, outcome=type(error).__name__))

    def _event(self, change: Change | None, session: Session, **more: Any) -> AuditEvent:
        kind = _kind(change) if change else AuditKind.WRITE
        return self.audit.action_event(
            session,
            kind,
            change.operation if change else "commit",
            self.began_us,
            supertable=self.namespace.supertable,
            tables=(self.table,),
            **more,
        )


def _kind(change: Change) -> AuditKind:
    if change.operation is Operation.ALTER:
        return AuditKind.TABLE if change.schema else AuditKind.SETTING
    return _KINDS.get(change.operation, AuditKind.WRITE)


def _rows(counts: Counts) -> int:
    return counts.inserted + counts.updated + counts.deleted
