"""Records of sign-ins: audit events, and the time when each token was last used."""

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
    """A `SignInObserver`. Records every refusal, and the sign-ins of one session at most once an hour. Thread-safe."""

    def __init__(
        self, audit: AuditRecorder, access_log: AccountsLog, token_last_use: TokenLastUse, organization: str
    ) -> None:
        """`organization`: gets the refusals for names of organizations that have neither users nor tokens."""
        self._audit = audit
        self._access_log = access_log
        self._token_last_use = token_last_use
        self._organization = organization
        self._lock = threading.Lock()
        self._recorded_us: OrderedDict[Session, int] = OrderedDict()

    def signed_in(self, session: Session, token: Token | None) -> None:
        if token:
            self._token_last_use.note(session.organization, token)
        if self._is_due(session):
            self._audit.ensure_ready(session.organization, frees_space=True)  # perhaps to vacuum
            self._audit.record_action(session, AuditKind.SIGN_IN, f"{_WHAT} by {_credential(session)}")

    def refused(self, session: Session, error: AccessDenied) -> None:
        error.audited = True
        self._audit.record_refusal(session, _WHAT, error)

    def unknown(self, organization: str, error: NotSignedIn) -> None:
        error.audited = True
        if not self._access_log.newest(organization).version:
            organization = self._organization  # callers can invent names
        self._audit.ensure_ready(organization)
        outcome = type(error).__name__
        now = self._audit.now_us()
        self._audit.record(
            AuditEvent(now, organization, AuditKind.REFUSAL, _WHAT, outcome=outcome, request=request_id.get())
        )

    def _is_due(self, session: Session) -> bool:
        """Whether no sign-in of the session was recorded within the last hour. If so, this one counts as recorded."""
        now = self._audit.now_us()
        with self._lock:
            last = self._recorded_us.pop(session, None)
            is_due = last is None or now - last >= _HOUR_US
            self._recorded_us[session] = now if last is None or is_due else last
            while len(self._recorded_us) > _MOST_REMEMBERED:
                self._recorded_us.popitem(last=False)
        return is_due


def _credential(session: Session) -> str:
    if session.token:
        return f"token {session.token}"
    return "the super token" if session.superuser else "JWT"
