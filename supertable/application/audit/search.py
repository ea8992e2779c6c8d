"""Searching the audit log. A search is an ordinary query of the log's table, so that it is recorded there too."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from supertable.application.audit.anchors import AuditAnchors
from supertable.application.ports.engines.running_queries import Limits
from supertable.application.queries.run_query import RunQuery
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.domain.access.roles import Permission
from supertable.domain.access.sessions import Session
from supertable.domain.audit import AuditKind
from supertable.domain.errors import Damaged
from supertable.domain.system_tables import AUDIT, SYSTEM


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One event; see `AuditEvent`. `sequence` counts from 1. `hash` covers the event and all before it."""

    sequence: int
    at: datetime
    kind: str
    what: str
    user: str
    user_name: str
    role: str
    supertable: str
    tables: list[str]
    statement: str
    rows: int | None
    duration_us: int | None
    engine: str
    version: int | None
    outcome: str
    request: str
    previous_hash: str
    hash: str


@dataclass(frozen=True, slots=True)
class AuditSearch:
    """Conditions that all must hold; None: no condition. `user`: a hash or a name. `before`: a sequence, exclusive.

    `since` (inclusive) and `until` (exclusive) have a time zone.
    """

    kind: AuditKind | None = None
    user: str | None = None
    outcome: str | None = None
    supertable: str | None = None
    table: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None


_PARTS = (8, 400)
"""How many of the newest events are searched first, and next, as multiples of the limit; then all are."""
_CONDITIONS = {
    "kind": "kind = $kind",
    "user": '($user = "user" OR lower($user) = lower(user_name))',
    "outcome": "outcome = $outcome",
    "supertable": "lower(supertable) = lower($supertable)",
    "table": "list_contains(list_transform(tables, lambda name: lower(name)), lower($table))",
    "since": '"at" >= $since',
    "until": '"at" < $until',
    "before": "sequence < $before",
}


class SearchAudit:
    def __init__(self, tables: Tables, run_query: RunQuery, anchors: AuditAnchors) -> None:
        self._tables = tables
        self._anchors = anchors
        self._run_query = run_query

    def __call__(self, session: Session, search: AuditSearch, limit: int, limits: Limits) -> list[AuditEntry]:
        """The newest `limit` matching events, newest first. Requires the permission CONTROL.

        Raises `AccessDenied` and what queries raise.
        """
        self._tables.require(session, Permission.CONTROL)
        given = {name: value for name in _CONDITIONS if (value := getattr(search, name)) is not None}
        where = " AND ".join(["true", *(_CONDITIONS[name] for name in given)])
        columns = ", ".join(f'"{name}"' for name in AuditEntry.__slots__)
        rows: list[dict[str, Any]] = []
        for after in self.starts(session.organization, limit, search.before):
            condition = f"sequence > {after} AND {where}"
            sql = f"SELECT {columns} FROM {AUDIT} WHERE {condition} ORDER BY sequence DESC LIMIT {limit}"
            rows = self._rows(session, sql, given, limits)
            if len(rows) == limit:
                break
        return [AuditEntry(**row) for row in rows]

    def starts(self, organization: str, limit: int, before: int | None = None) -> Iterator[int]:
        """Sequences after which to search for `limit` events in turn, until they are found; the last is 0.

        So the files of older events need not be read when the newest match.
        """
        newest = self._newest(organization) if before is None else before - 1
        yield from dict.fromkeys((*(max(newest - size * limit, 0) for size in _PARTS), 0))

    def _newest(self, organization: str) -> int:
        """The sequence of a recent event; 0 if that is not known."""
        try:
            anchor = self._anchors.read(organization)
        except Damaged:
            return 0
        return anchor.end.sequence if anchor else 0

    def _rows(self, session: Session, sql: str, given: dict[str, Any], limits: Limits) -> list[dict[str, Any]]:
        namespace = Namespace(session.organization, SYSTEM, session)
        running = self._run_query.run(self._run_query.prepare(namespace, sql, given), given, limits)
        try:
            rows: list[dict[str, Any]] = running.reader.read_all().to_pylist()
            return rows
        finally:
            running.close()
