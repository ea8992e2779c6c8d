"""What is kept of signing in: events of the audit log, and when a token was used last."""

from __future__ import annotations

import threading
from collections import OrderedDict

from supertable.application.access_control.accounts_log import AccountsLog
from supertable.application.audit_recorder import AuditRecorder, request_id
from supertable.application.authentication.token_last_use import TokenLastUse
from supertable.domain.access.accounts import Token
from supertable.domain.access.sessions import Session
from supertable.domain.audit import AuditEvent, AuditKind
from supertable.domain.errors import AccessDenied, NotSignedIn

_WHAT = "sign in"
_HOUR_US = 3_600_000_000
_MOST_REMEMBERED = 10_000


class SignInEvents:
    """Every refusal is an event. Whoever sends a token with every request signs in once an hour. Thread-safe."""

    def __init__(
        self, audit: AuditRecorder, access_log: AccountsLog, token_last_use: TokenLastUse, organization: str
    ) -> None:
        """`organization`: where attempts are kept that name one which has neither users nor tokens."""
        self._audit = audit
        self._access_log = access_log
        self._token_uses = token_last_use
        self._organization = organization
        self._lock = threading.Lock()
        self._told: OrderedDict[Session, int] = OrderedDict()

    def came(self, session: Session, token: Token | None) -> None:
        if token:
            self._token_uses.note(session.organization, token)
        if self._is_new(session):
            self._audit.ensure_ready(session.organization)
            self._audit.record_action(session, AuditKind.SIGN_IN, f"{_WHAT} by {_credential(session)}")

    def refused(self, session: Session, error: AccessDenied) -> None:
        error.audited = True
        self._audit.record_refusal(session, _WHAT, error)

    def unknown(self, organization: str, error: NotSignedIn) -> None:
        error.audited = True
        if not self._access_log.newest(organization).version:
            organization = self._organization  # anybody can make names up
        self._audit.ensure_ready(organization)
        outcome = type(error).__name__
        now = self._audit.now_us()
        self._audit.record(
            AuditEvent(now, organization, AuditKind.REFUSAL, _WHAT, outcome=outcome, request=request_id.get())
        )

    def _is_new(self, session: Session) -> bool:
        now = self._audit.now_us()
        with self._lock:
            last = self._told.pop(session, None)
            is_new = last is None or now - last >= _HOUR_US
            self._told[session] = now if last is None or is_new else last
            while len(self._told) > _MOST_REMEMBERED:
                self._told.popitem(last=False)
        return is_new


def _credential(session: Session) -> str:
    if session.token:
        return f"token {session.token}"
    return "the super token" if session.superuser else "JWT"
