"""Reading and changing an organization's roles, users and tokens, with checks of permissions and audit events."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from supertable.application.access_control.accounts_log import AccountsLog
from supertable.application.audit_recorder import AuditRecorder
from supertable.application.ports.clocks import Clock
from supertable.domain.access.accounts import Access, AccessChange, Authorization, authorization
from supertable.domain.access.role_changes import changed_grants
from supertable.domain.access.roles import Permission
from supertable.domain.access.sessions import Session
from supertable.domain.audit import AuditKind
from supertable.domain.errors import Outdated


class AccessChanges:
    """Checks permissions against the same state that is read or changed. Changes and refusals are audited.

    `need`: the permission that the caller's role must have; None: the calling code decides by the `Authorization`.
    Raises `NotSignedIn` and `AccessDenied`.
    """

    def __init__(self, log: AccountsLog, audit: AuditRecorder, clock: Clock) -> None:
        self._log = log
        self._audit = audit
        self._clock = clock

    def read(self, session: Session, need: Permission | None = Permission.RBAC) -> tuple[Access, Authorization]:
        with self._audit.recording_refusals(session, "see access"):
            access = self._log.newest(session.organization)
            return access, self._authorization(access, session, need)

    def change(
        self,
        session: Session,
        propose: Callable[[Access, Authorization], Sequence[AccessChange]],
        need: Permission | None = Permission.RBAC,
    ) -> Access:
        """Commit the changes that `propose` returns for the newest state as one version; see `AccountsLog.change`.

        Returns the state after them.
        """
        done: list[tuple[str, tuple[str, ...]]] = []

        def proposed(access: Access) -> Sequence[AccessChange]:
            changes = propose(access, self._authorization(access, session, need))
            done[:] = [described(change, access) for change in changes]
            return changes

        with self._audit.recording_refusals(session, "change access"):
            self._audit.ensure_ready(session.organization)
            after = self._log.change(session.organization, session.user, proposed)
        for what, tables in done:
            self._audit.record_action(session, AuditKind.GRANT, what, tables=tables, version=after.version)
        return after

    def _authorization(self, access: Access, session: Session, need: Permission | None) -> Authorization:
        now = authorization(access, session, self._clock.now_us())
        if need is not None:
            now.require(need)
        return now


def described(change: AccessChange, before: Access) -> tuple[str, tuple[str, ...]]:
    """A change as an audit event has it: its text, and the tables of which a role now sees another part."""
    if change.role is not None:
        return f"{change.action} {change.role.name}", changed_grants(before.role(change.role.name), change.role)
    if change.user is not None:
        return f"{change.action} {change.user.name}", ()
    if change.token is not None:
        return f"{change.action} {change.token.id} of {change.token.user}", ()
    return f"{change.action} {change.name}", ()


def require_version(what: str, version: int, expected: int | None) -> None:
    """Raise `Outdated` if `version` is not the version that the caller read (None: no precondition)."""
    if expected is not None and version != expected:
        raise Outdated(what)
