"""The events of the audit log, and the hash chain that reveals any edit of it.

The hash of an event is the SHA-256 of the event, its sequence number and the previous hash. To change, add, remove or
move an event, all later events must be rewritten, which changes the last hash.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from supertable.domain.access.sessions import Session
from supertable.domain.names import name_key

OK = "ok"


class AuditKind(StrEnum):
    """TABLE: a table is created, dropped, renamed, tagged or altered. GRANT: users, roles, tokens.

    MAINTENANCE: compaction and vacuum. JOURNAL: events were lost before they were chained.
    """

    SIGN_IN = "sign_in"
    REFUSAL = "refusal"
    QUERY = "query"
    WRITE = "write"
    TABLE = "table"
    MAINTENANCE = "maintenance"
    GRANT = "grant"
    SETTING = "setting"
    JOURNAL = "journal"


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """Who did what, when, and with which outcome. It never contains a secret or a value of a row.

    `user`: the user's hash. `statement`: with placeholders in place of values. `rows`: returned or changed. `version`:
    the one created, or the one read if only one was. `outcome`: `ok`, or the name of the error that ended the action.
    """

    at_us: int
    organization: str
    kind: AuditKind
    what: str
    user: str = ""
    user_name: str = ""
    role: str = ""
    supertable: str = ""
    tables: tuple[str, ...] = ()
    statement: str = ""
    rows: int | None = None
    duration_us: int | None = None
    engine: str = ""
    version: int | None = None
    outcome: str = OK
    request: str = ""

    @classmethod
    def of(cls, session: Session, at_us: int, kind: AuditKind, what: str, **more: Any) -> AuditEvent:
        """`more`: the other fields by name."""
        return cls(at_us, session.organization, kind, what, session.user, session.name, session.role, **more)


@dataclass(frozen=True, slots=True)
class ChainEnd:
    """The last event of a chain: its sequence number, which counts from 1, and its hash."""

    sequence: int
    hash: str


START = ChainEnd(0, "0" * 64)


@dataclass(frozen=True, slots=True)
class ChainedEvent:
    """An event at its place in the chain. `previous`: the hash of the event before it."""

    sequence: int
    event: AuditEvent
    previous: str
    hash: str

    @property
    def end(self) -> ChainEnd:
        return ChainEnd(self.sequence, self.hash)


def chained(after: ChainEnd, events: Iterable[AuditEvent]) -> Iterator[ChainedEvent]:
    """Appends the events to the chain that ends at `after`, and yields them in order."""
    for event in events:
        link = linked(after, event)
        yield link
        after = link.end


def linked(after: ChainEnd, event: AuditEvent) -> ChainedEvent:
    sequence = after.sequence + 1
    return ChainedEvent(sequence, event, after.hash, _digest(sequence, event, after.hash))


def _digest(sequence: int, event: AuditEvent, previous: str) -> str:
    """SHA-256 of an ASCII JSON array: the previous hash, the sequence, and the event's fields in their order."""
    fields = [
        previous,
        sequence,
        event.at_us,
        name_key(event.organization),
        event.kind,
        event.what,
        event.user,
        event.user_name,
        event.role,
        event.supertable,
        list(event.tables),
        event.statement,
        event.rows,
        event.duration_us,
        event.engine,
        event.version,
        event.outcome,
        event.request,
    ]
    return hashlib.sha256(json.dumps(fields, separators=(",", ":")).encode()).hexdigest()
