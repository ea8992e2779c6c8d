"""`/audit`: who did what, when, and what came of it. For roles with the permission control."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from litestar import get
from litestar.params import QueryParameter

from supertable.application.audit_trail import AuditEntry, AuditSearch
from supertable.application.ports.engines import Limits
from supertable.domain.audit import AuditKind
from supertable.entrypoints.api.context import Caller, Services
from supertable.entrypoints.api.documented import problems
from supertable.entrypoints.api.paging import DEFAULT_LIMIT, Cursor, Limit, Page, cursor_at, position

Kind = Annotated[AuditKind | None, QueryParameter(description="Only events of this kind.")]
User = Annotated[str | None, QueryParameter(description="Only those of this user, by name or hash.")]
Outcome = Annotated[str | None, QueryParameter(description="Only those that ended so: ok, or the name of an error.")]
Supertable = Annotated[str | None, QueryParameter(description="Only those in this supertable.")]
Table = Annotated[str | None, QueryParameter(description="Only those about this table.")]
Since = Annotated[datetime | None, QueryParameter(description="Not before this moment; UTC where it has no zone.")]
Until = Annotated[datetime | None, QueryParameter(description="Before this moment; UTC where it has no zone.")]


@get("/audit", tags=["audit"], summary="The audit log", responses=problems(422), sync_to_thread=True)
def list_audit(
    container: Services,
    session: Caller,
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
    before = position("audit", cursor, int)
    search = AuditSearch(kind, user, outcome, supertable, table, _in_utc(since), _in_utc(until), before)
    limits = Limits(None, container.settings().query_timeout_seconds)
    found = container.audit_trail()(session, search, limit + 1, limits)
    more = len(found) > limit
    return Page(found[:limit], cursor_at("audit", found[limit - 1].sequence) if more else None)


def _in_utc(moment: datetime | None) -> datetime | None:
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)


HANDLERS = (list_audit,)
