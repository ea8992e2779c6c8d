"""Recording of audit events. If an event cannot be recorded, the action does not run."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol

from supertable.application.ports.audit_journals import AuditJournals
from supertable.application.ports.clocks import Clock
from supertable.domain.access.sessions import Session
from supertable.domain.audit import AuditEvent, AuditKind
from supertable.domain.errors import AccessDenied, AuditUnavailable, NotSignedIn, SupertableError

_LOG = logging.getLogger(__name__)
MOST_WAITING_BYTES = 64 << 20
_MOST_UNWRITTEN = 10_000

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the request that is being served, set by entrypoints that give their requests ids."""


@contextmanager
def serving(request: str) -> Iterator[None]:
    """Events inside the block are of this request, which another thread received."""
    token = request_id.set(request)
    try:
        yield
    finally:
        request_id.reset(token)


class Exporter(Protocol):
    def __call__(self, organization: str) -> int:
        """Export all waiting events to object storage. Returns their number."""

    def export_and_create(self, organization: str) -> None:
        """The same, and create the log's table even if there are no events yet."""


class AuditRecorder:
    """Writes events to a journal, which is exported in the background, or at once when it is large. Thread-safe."""

    def __init__(self, journals: AuditJournals, clock: Clock, exporter: Callable[[], Exporter]) -> None:
        self._journals = journals
        self._clock = clock
        self._exporter = exporter
        self._unwritten: deque[AuditEvent] = deque()
        self._exporting = threading.Lock()

    def ensure_ready(self, organization: str, frees_space: bool = False) -> None:
        """Must be called before any action that will be recorded. Exports the journal first if it is too large.

        `frees_space`: the action may use what is kept in reserve for a full disk. Raises `AuditUnavailable` if events
        cannot be recorded now.
        """
        if frees_space:
            self._journals.use_reserve()
        while self._unwritten:
            self._retry_oldest()
        if not frees_space and (shortage := self._journals.shortage()):
            raise AuditUnavailable(shortage)
        if self._journals.own_bytes(organization) >= MOST_WAITING_BYTES:
            self._make_room(organization)

    def trouble(self, organization: str) -> str:
        """Why actions cannot be recorded now, and so do not run; empty if they can."""
        try:
            self.ensure_ready(organization)
            self._journals.check()
        except AuditUnavailable as error:
            return error.reason
        return ""

    def record(self, *events: AuditEvent) -> None:
        """Once this returns, the events outlive the process, unless the journal cannot be written.

        `events`: of one organization. As the actions have happened already, they are then kept in memory until the
        journal can be written, and `ensure_ready` raises until then. Raises `AuditUnavailable` when too many events are
        kept in memory.
        """
        if len(self._unwritten) >= _MOST_UNWRITTEN:
            raise AuditUnavailable("the disk of the audit journal cannot be written, and too many events wait for it")
        try:
            self._journals.append(*events)
        except AuditUnavailable as error:
            if not self._unwritten:
                _LOG.error("requests are refused until the audit journal can be written: %s", error.reason)
            self._unwritten.extend(events)

    def record_action(
        self, session: Session, kind: AuditKind, what: str, began_us: int | None = None, **more: Any
    ) -> None:
        """Record the `action_event` of these arguments."""
        self.record(self.action_event(session, kind, what, began_us, **more))

    def action_event(
        self, session: Session, kind: AuditKind, what: str, began_us: int | None = None, **more: Any
    ) -> AuditEvent:
        """The event of an action of the session that ends now.

        `began_us`: when it began, for its duration; None: it has none. `more`: other fields of `AuditEvent`.
        """
        now_us = self._clock.now_us()
        if began_us is not None:
            more["duration_us"] = max(now_us - began_us, 0)
        at_us = now_us if began_us is None else began_us
        more.setdefault("request", request_id.get())
        return AuditEvent.of(session, at_us, kind, what, **more)

    def now_us(self) -> int:
        return self._clock.now_us()

    def bring_up_to_date(self, organization: str) -> None:
        """Export the newest events, before the log is read. If that fails, the log is readable without them."""
        try:
            self._exporter().export_and_create(organization)
        except SupertableError as error:
            _LOG.warning("the audit log is shown without the newest events, which cannot be exported: %s", error)

    @contextmanager
    def recording_refusals(self, session: Session, what: str, **more: Any) -> Iterator[None]:
        """Record an `AccessDenied` or `NotSignedIn` that leaves the block; once, even if blocks are nested."""
        try:
            yield
        except (AccessDenied, NotSignedIn) as error:
            if not error.audited:
                error.audited = True
                self.record_refusal(session, what, error, **more)
            raise

    def record_refusal(self, session: Session, what: str, error: SupertableError, **more: Any) -> None:
        self.ensure_ready(session.organization)
        self.record_action(session, AuditKind.REFUSAL, what, outcome=type(error).__name__, **more)

    def _retry_oldest(self) -> None:
        """Write the oldest unwritten event. Several threads may call this at once."""
        try:
            event = self._unwritten.popleft()
        except IndexError:
            return
        try:
            self._journals.append(event)
        except AuditUnavailable:
            self._unwritten.appendleft(event)
            raise

    def _make_room(self, organization: str) -> None:
        with self._exporting:
            if self._journals.own_bytes(organization) < MOST_WAITING_BYTES:
                return  # another thread has made room
            try:
                self._exporter()(organization)
            except SupertableError as error:
                _LOG.warning("the audit log could not be exported: %s", error)
                raise AuditUnavailable("too many events wait, and they cannot be exported") from error
