"""Tickets for connections that cannot send a token, such as WebSockets of browsers.

A ticket opens one connection to one address within 30 seconds, under the user and role that it was issued to. Its
digest is stored in the object store, so that any worker can redeem it. The rights of its session are looked up again
for every action, so a ticket is worth nothing once its user, role or token is revoked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from supertable.application.authentication.sign_in import SignInObserver
from supertable.application.ports.clocks import Clock, Identifiers
from supertable.application.ports.codecs import DocumentCodec, TooNew, Undecodable
from supertable.application.ports.object_stores import ObjectStore, PutAmbiguous, PutConflict
from supertable.application.storage.sealed_objects import opened, sealed
from supertable.domain.access.accounts import token_digest
from supertable.domain.access.sessions import Session
from supertable.domain.errors import NotSignedIn
from supertable.domain.storage_layout import ticket_key, used_ticket_key

LIFETIME_SECONDS = 30
_TICKET = re.compile(r"tk_[A-Za-z0-9_-]{43}\.(?P<organization>[A-Za-z0-9_]{1,128})", re.ASCII)
_REFUSED = (
    "This ticket is not valid here: it is unknown, was used or has expired, or is for another address. Nothing was "
    "done; get a new ticket."
)


@dataclass(frozen=True, slots=True)
class Ticket:
    """`address`: the path that it opens. `until_us`: when it expires."""

    session: Session
    address: str
    until_us: int


class Tickets:
    def __init__(
        self,
        store: ObjectStore,
        codec: DocumentCodec[Ticket],
        clock: Clock,
        identifiers: Identifiers,
        observer: SignInObserver,
    ) -> None:
        self._store = store
        self._codec = codec
        self._clock = clock
        self._identifiers = identifiers
        self._observer = observer

    def issue(self, session: Session, address: str) -> tuple[str, int]:
        """A new ticket for the caller, and when it expires, in microseconds."""
        text = f"tk_{self._identifiers.secret()}.{session.organization}"
        until_us = self._clock.now_us() + LIFETIME_SECONDS * 1_000_000
        key = ticket_key(session.organization, token_digest(text))
        self._store.put(key, sealed(key, self._codec.encode(Ticket(session, address, until_us))))
        return text, until_us

    def redeem(self, text: str, address: str, organization: str) -> Session:
        """The session of the ticket, which is used by this. `organization`: gets refusals of unknown tickets.

        Raises `NotSignedIn`, which never says what is wrong with the ticket.
        """
        found = _TICKET.fullmatch(text)
        session = self._redeemed(found["organization"], token_digest(text), address) if found else None
        if session is None:
            error = NotSignedIn(_REFUSED)
            self._observer.unknown(organization, error)
            raise error
        self._observer.signed_in(session, None)
        return session

    def _redeemed(self, organization: str, digest: str, address: str) -> Session | None:
        key = ticket_key(organization, digest)
        data = self._store.read(key)
        if data is None:
            return None
        try:
            ticket = self._codec.decode(opened(key, data))
        except (TooNew, Undecodable):
            return None
        if ticket.address != address or self._clock.now_us() >= ticket.until_us:
            return None
        if not self._is_first_use(used_ticket_key(organization, digest)):
            return None
        self._store.delete([key])
        return ticket.session

    def _is_first_use(self, key: str) -> bool:
        mine = self._identifiers.new().encode()
        try:
            self._store.put_if_absent(key, mine)
        except PutConflict:
            return False
        except PutAmbiguous:
            return self._store.settle(key) == mine
        return True
