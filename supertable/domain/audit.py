"""What the audit log says, and the chain that shows any edit of it.

Every event has the SHA-256 of itself, of its place, and of the hash before it. To change, add, remove or move one, all
that follow have to be made anew, and the hash of the last one becomes another.
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
    """TABLE: one comes, goes, or gets another name, tag or columns. GRANT: users, roles, tokens.

    MAINTENANCE: compaction and vacuum. JOURNAL: something of the log itself was lost before it was chained.
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
    """Who did what, when, and what came of it; never a secret, and nothing of a row.

    `user`: the user's hash. `statement`: with placeholders where values were. `rows`: given or changed. `version`: the
    one that was made, or was read where only one was. `outcome`: `ok`, or how it ended, as the name of an error.
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
    """The last event of a chain: its sequence, which counts from 1, and its hash."""

    sequence: int
    hash: str


START = ChainEnd(0, "0" * 64)


@dataclass(frozen=True, slots=True)
class ChainedEvent:
    """An event in its place; `previous`: the hash of the one before it."""

    sequence: int
    event: AuditEvent
    previous: str
    hash: str

    @property
    def end(self) -> ChainEnd:
        return ChainEnd(self.sequence, self.hash)


def chained(after: ChainEnd, events: Iterable[AuditEvent]) -> Iterator[ChainedEvent]:
    """The events in their places behind `after`."""
    for event in events:
        link = linked(after, event)
        yield link
        after = link.end


def linked(after: ChainEnd, event: AuditEvent) -> ChainedEvent:
    sequence = after.sequence + 1
    return ChainedEvent(sequence, event, after.hash, _digest(sequence, event, after.hash))


def _digest(sequence: int, event: AuditEvent, previous: str) -> str:
    """SHA-256 of a JSON array of ASCII: the hash before, the sequence, and the event's fields in their order."""
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
