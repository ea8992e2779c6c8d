"""`/audit`: who did what, when, and with which outcome. Requires the permission `control`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from litestar import get
from litestar.params import QueryParameter

from supertable.application.audit.search import AuditEntry, AuditSearch
from supertable.application.ports.engines.running_queries import Limits
from supertable.domain.audit import AuditKind
from supertable.domain.errors import InvalidInput
from supertable.entrypoints.api.openapi.problem_responses import problems
from supertable.entrypoints.api.pagination import DEFAULT_LIMIT, Cursor, Limit, Page
from supertable.entrypoints.web.requests.cursors import decode_cursor, encode_cursor
from supertable.entrypoints.web.service.dependencies import InjectedContainer, InjectedSession

Kind = Annotated[AuditKind | None, QueryParameter(description="Return only events of this kind.")]
User = Annotated[str | None, QueryParameter(description="Return only events of this user, by name or hash.")]
Outcome = Annotated[
    str | None, QueryParameter(description="Return only events with this outcome: `ok`, or the name of an error.")
]
Supertable = Annotated[str | None, QueryParameter(description="Return only events in this supertable.")]
Table = Annotated[str | None, QueryParameter(description="Return only events about this table.")]
_FORMAT = "A time in ISO 8601 format; UTC if it has no zone."
Since = Annotated[
    str | None, QueryParameter(format="date-time", description=f"Return only events at or after this time. {_FORMAT}")
]
Until = Annotated[
    str | None, QueryParameter(format="date-time", description=f"Return only events before this time. {_FORMAT}")
]


@get("/audit", tags=["audit"], summary="Search the audit log", responses=problems(422), sync_to_thread=True)
def list_audit(
    container: InjectedContainer,
    session: InjectedSession,
    kind: Kind = None,
    user: User = None,
    outcome: Outcome = None,
    supertable: Supertable = None,
    table: Table = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[AuditEntry]:
    """Return the events of the audit log, newest first.

    The command `supertable audit verify` shows whether an event was changed.
    """
    before = decode_cursor("audit", cursor, int)
    search = AuditSearch(kind, user, outcome, supertable, table, _parse_time(since), _parse_time(until), before)
    limits = Limits(None, container.settings().query_timeout_seconds)
    found = container.search_audit()(session, search, limit + 1, limits)
    more = len(found) > limit
    return Page(found[:limit], encode_cursor("audit", found[limit - 1].sequence) if more else None)


def _parse_time(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(f"{text[:80]!r} is not a time in ISO 8601 format, like 2026-01-31T12:00:00Z.") from None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


HANDLERS = (list_audit,)
