"""Audit events of queries."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from supertable.application.audit_recorder import AuditRecorder, request_id
from supertable.application.ports.engines.engine import CheckingEngine
from supertable.application.ports.engines.parsed_statements import Relation, Statement
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.open_table import OpenTable
from supertable.domain.audit import AuditKind
from supertable.domain.errors import AccessDenied, InvalidName, StatementRefused, SupertableError
from supertable.domain.names import checked_name, name_key


def _nothing() -> str:
    return ""


class QueryEvents:
    """The events of one query. Must be created before it begins; raises `AuditUnavailable` if it could not be recorded.

    The request's id is kept, because the query may end in another thread, where it is not known.
    """

    def __init__(self, audit: AuditRecorder, engine: CheckingEngine, namespace: Namespace) -> None:
        audit.ensure_ready(namespace.organization)
        self._audit = audit
        self._engine = engine
        self._namespace = namespace
        self._began_us = audit.now_us()
        self._request = request_id.get()
        self._statement: Statement | None = None
        self._tables: tuple[OpenTable, ...] = ()
        self._ran_by = _nothing

    def describe(
        self, statement: Statement, tables: tuple[OpenTable, ...] = (), ran_by: Callable[[], str] = _nothing
    ) -> None:
        """Set what the events say of the query, once it is known. `ran_by`: the name of the engine that answers."""
        self._statement, self._tables, self._ran_by = statement, tables, ran_by

    def failed(self, sql: str, error: SupertableError) -> None:
        """Record that the query failed before it ran, and its refusal if it was refused."""
        statement = self._statement
        shape = statement.shape if statement else self._engine.shape(sql)
        names = [_written_name(relation) for relation in statement.relations if relation.parts] if statement else []
        if isinstance(error, AccessDenied | StatementRefused) and not error.audited:
            session, where = self._namespace.session, self._namespace.supertable
            self._audit.record_refusal(
                session, "query", error, supertable=where, tables=tuple(names), request=self._request
            )
        self._record(shape, names, outcome=type(error).__name__)

    def ended(self, outcome: str, rows: int) -> None:
        """Record the end of the query; see `OnEnd`."""
        versions = {table.snapshot.version for table in self._tables}
        assert self._statement is not None
        self._record(
            self._statement.shape,
            [_name(table, self._namespace) for table in self._tables],
            outcome=outcome,
            rows=rows,
            version=versions.pop() if len(self._tables) == 1 else None,
        )

    def _record(self, shape: str, names: Iterable[str], **more: Any) -> None:
        explain = self._statement is not None and self._statement.explain
        self._audit.record_action(
            self._namespace.session,
            AuditKind.QUERY,
            "explain" if explain else "query",
            self._began_us,
            supertable=self._namespace.supertable,
            tables=tuple(dict.fromkeys(names)),
            statement=shape,
            engine=self._ran_by(),
            request=self._request,
            **more,
        )


def _written_name(relation: Relation) -> str:
    """The name as written; `?` for text that is no valid name, which may be a URL with credentials."""
    try:
        return ".".join(checked_name("table", part) for part in relation.parts)
    except InvalidName:
        return "?"


def _name(table: OpenTable, namespace: Namespace) -> str:
    """The table's name, qualified by its supertable if that is not the query's."""
    own = table.namespace is None or name_key(table.namespace.supertable) == name_key(namespace.supertable)
    return table.name if table.namespace is None or own else f"{table.namespace.supertable}.{table.name}"
