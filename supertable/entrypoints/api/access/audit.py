"""`/audit`: who did what, when, and what came of it. For roles with the permission control."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from litestar import get
from litestar.params import QueryParameter

from supertable.application.audit.search import AuditEntry, AuditSearch
from supertable.application.ports.engines import Limits
from supertable.domain.audit import AuditKind
from supertable.domain.errors import InvalidInput
from supertable.entrypoints.api.openapi.problem_responses import problems
from supertable.entrypoints.api.pagination import DEFAULT_LIMIT, Cursor, Limit, Page
from supertable.entrypoints.web.requests.cursors import decode_cursor, encode_cursor
from supertable.entrypoints.web.service.dependencies import InjectedContainer, InjectedSession

Kind = Annotated[AuditKind | None, QueryParameter(description="Only events of this kind.")]
User = Annotated[str | None, QueryParameter(description="Only those of this user, by name or hash.")]
Outcome = Annotated[str | None, QueryParameter(description="Only those that ended so: ok, or the name of an error.")]
Supertable = Annotated[str | None, QueryParameter(description="Only those in this supertable.")]
Table = Annotated[str | None, QueryParameter(description="Only those about this table.")]
_UTC = "As ISO 8601 writes it; UTC where it has no zone."
Since = Annotated[str | None, QueryParameter(format="date-time", description=f"Not before this moment. {_UTC}")]
Until = Annotated[str | None, QueryParameter(format="date-time", description=f"Before this moment. {_UTC}")]


@get("/audit", tags=["audit"], summary="The audit log", responses=problems(422), sync_to_thread=True)
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
    """The newest event first. `supertable audit verify` shows whether anybody changed one."""
    before = decode_cursor("audit", cursor, int)
    search = AuditSearch(kind, user, outcome, supertable, table, _moment(since), _moment(until), before)
    limits = Limits(None, container.settings().query_timeout_seconds)
    found = container.search_audit()(session, search, limit + 1, limits)
    more = len(found) > limit
    return Page(found[:limit], encode_cursor("audit", found[limit - 1].sequence) if more else None)


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(f"{text[:80]!r} is no moment; one is like 2026-01-31T12:00:00Z.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


HANDLERS = (list_audit,)
