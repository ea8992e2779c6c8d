"""Telling the audit log what happens. Nothing is done that it could not be told of."""

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
_MOST_HELD = 10_000

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""An entrypoint that gives its requests ids says here which one is served."""


class Exporter(Protocol):
    def __call__(self, organization: str) -> int:
        """Put all events that wait in object storage, and say how many they were."""

    def for_reading(self, organization: str) -> None:
        """The same, after which the log is there in any case."""


class AuditRecorder:
    """Thread-safe. Events go to a journal, from which they are exported in the background or when there are many."""

    def __init__(self, journals: AuditJournals, clock: Clock, exporter: Callable[[], Exporter]) -> None:
        self._journals = journals
        self._clock = clock
        self._exporter = exporter
        self._held: deque[AuditEvent] = deque()
        self._exporting = threading.Lock()

    def ready(self, organization: str) -> None:
        """To be called before anything is done that will be recorded; waits while too much is to be exported.

        Raises `AuditUnavailable` where that cannot be recorded.
        """
        while self._held:
            self._write_held()
        if self._journals.own_bytes(organization) >= MOST_WAITING_BYTES:
            self._make_room(organization)

    def record(self, event: AuditEvent) -> None:
        """When this returns, the event outlives the process.

        Where the journal cannot be written, what has happened has happened: the event is held in memory until it can,
        and `ready` raises. Raises `AuditUnavailable` when too many are held.
        """
        if len(self._held) >= _MOST_HELD:
            raise AuditUnavailable("too many events wait for a disk that cannot be written")
        try:
            self._journals.append(event)
        except AuditUnavailable as error:
            if not self._held:
                _LOG.error("nothing more is done until the audit log can be written: %s", error.reason)
            self._held.append(event)

    def tell(self, session: Session, kind: AuditKind, what: str, began_us: int | None = None, **more: Any) -> None:
        """Record what the session did; since `began_us`, if it took its time. `more`: see `AuditEvent`."""
        now_us = self._clock.now_us()
        if began_us is not None:
            more["duration_us"] = max(now_us - began_us, 0)
        at_us = now_us if began_us is None else began_us
        more.setdefault("request", request_id.get())
        self.record(AuditEvent.of(session, at_us, kind, what, **more))

    def now_us(self) -> int:
        return self._clock.now_us()

    def before_reading(self, organization: str) -> None:
        """Bring the log up to date. Where that cannot be done, what is there can be read all the same."""
        try:
            self._exporter().for_reading(organization)
        except SupertableError as error:
            _LOG.warning("the audit log is shown without the newest events, which cannot be exported: %s", error)

    @contextmanager
    def refusals(self, session: Session, what: str, **more: Any) -> Iterator[None]:
        """Record what the session is refused in the block; once, however many of these blocks an error leaves."""
        try:
            yield
        except (AccessDenied, NotSignedIn) as error:
            if not error.audited:
                error.audited = True
                self.refused(session, what, error, **more)
            raise

    def refused(self, session: Session, what: str, error: SupertableError, **more: Any) -> None:
        self.ready(session.organization)
        self.tell(session, AuditKind.REFUSAL, what, outcome=type(error).__name__, **more)

    def _write_held(self) -> None:
        """Write the event that was held first; in one step for each, for several threads may come here."""
        try:
            event = self._held.popleft()
        except IndexError:
            return
        try:
            self._journals.append(event)
        except AuditUnavailable:
            self._held.appendleft(event)
            raise

    def _make_room(self, organization: str) -> None:
        with self._exporting:
            if self._journals.own_bytes(organization) < MOST_WAITING_BYTES:
                return  # another thread has made some
            try:
                self._exporter()(organization)
            except SupertableError as error:
                raise AuditUnavailable(f"too many wait, and they cannot be exported ({error})") from error
