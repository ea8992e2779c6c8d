"""The one use case that runs SQL, for every entrypoint.

It checks the statement, opens its tables at one consistent cut, prunes files, compiles the view chain and streams rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, NamedTuple

from supertable.application.audit_recorder import AuditRecorder
from supertable.application.ports.engines import (
    Engine,
    Limits,
    Relation,
    RunningQuery,
    Source,
    Statement,
    TagAt,
    TimestampAt,
    Union,
    VersionAt,
)
from supertable.application.ports.leases import Lease, Leases, Span
from supertable.application.queries.change_feed import ChangeFeed
from supertable.application.queries.leased_query import FirstLease, LeasedQuery, OnEnd
from supertable.application.queries.parameters import exact_parameters
from supertable.application.queries.query_events import QueryEvents
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.open_table import OpenTable
from supertable.application.tables.pruned_scans import pruned_scan
from supertable.domain.access.roles import Permission
from supertable.domain.errors import AccessDenied, StatementRefused, SupertableError
from supertable.domain.names import name_key
from supertable.domain.scan.predicates import ALWAYS
from supertable.domain.system_tables import is_system
from supertable.domain.timestamps import moment


@dataclass(frozen=True, slots=True)
class PreparedQuery:
    """A checked statement bound to one cut. Snapshots are immutable, so every run returns the same rows.

    `namespace`: the supertable and session of the query. `sources`: by id of the relation. `versions`: the versions
    that are read, ascending, by the table's name as in the catalog; time travel may read several of one table.
    `lease` protects `spans`, the versions read by log, from vacuum until the first run has ended.
    """

    namespace: Namespace
    statement: Statement
    sources: Mapping[int, Source]
    versions: Mapping[str, tuple[int, ...]]
    tables: tuple[OpenTable, ...]
    spans: Mapping[str, list[Span]]
    lease: FirstLease


class _Target(NamedTuple):
    """The meaning of a relation's name: a table in a supertable; None: the union of all its tables."""

    namespace: Namespace
    table: str | None


class RunQuery:
    def __init__(
        self,
        tables: Tables,
        changes: ChangeFeed,
        engine: Engine,
        leases: Leases,
        audit: AuditRecorder,
        max_seconds: float | None,
    ) -> None:
        """`max_seconds`: no run has a longer time limit, whatever its `Limits` say; None: there is no such bound."""
        self._tables = tables
        self._changes = changes
        self._engine = engine
        self._leases = leases
        self._audit = audit
        self._max_seconds = max_seconds

    def prepare(
        self, namespace: Namespace, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()
    ) -> PreparedQuery:
        """Check the statement and bind it to one cut. `parameters`: those that it will run with, for pruning.

        Raises `InvalidInput` for parameters without an exact value, `InvalidStatement`, `StatementRefused`,
        `TableNotFound`, `VersionNotFound`, `AccessDenied` and `NotSignedIn`.
        """
        events = QueryEvents(self._audit, self._engine, namespace)
        try:
            statement = self._engine.parse(sql)
            events.describe(statement)
            parameters = exact_parameters(parameters)
            lease = self._leases.begin()
            try:
                return self._bind(namespace, statement, parameters, lease)
            except BaseException:
                lease.close()
                raise
        except SupertableError as error:
            events.failed(sql, error)
            raise

    def _bind(
        self, namespace: Namespace, statement: Statement, parameters: Sequence[Any] | Mapping[str, Any], lease: Lease
    ) -> PreparedQuery:
        targets = {relation.id: _target(namespace, relation) for relation in statement.relations}
        self._update_system_tables(target.namespace for target in targets.values())
        opened = self._open(statement.relations, targets)
        spans = _spans(statement.relations, opened)
        lease.restrict_to(spans)
        sources = self._sources(statement, targets, opened, parameters)
        tables = tuple(chain.from_iterable(opened.values()))
        if statement.explain and any(table.access for table in tables):
            raise AccessDenied(
                "A plan reveals details of all rows of a table, so that the role must see the whole table."
            )
        return PreparedQuery(namespace, statement, sources, _versions(tables), tables, spans, FirstLease(lease))

    def _open(self, relations: Iterable[Relation], targets: Mapping[int, _Target]) -> dict[int, list[OpenTable]]:
        """The tables of each relation, by its id, at the versions that it names; all from one consistent cut."""
        cut = self._tables.open_consistently(set(targets.values()), Permission.READ)
        return {relation.id: self._as_of(cut[targets[relation.id]], relation) for relation in relations}

    def _sources(
        self,
        statement: Statement,
        targets: Mapping[int, _Target],
        opened: Mapping[int, list[OpenTable]],
        parameters: Sequence[Any] | Mapping[str, Any],
    ) -> dict[int, Source]:
        """The plan of each relation, by its id: its table's changes, its table's rows, or a union of tables."""
        changes = {relation.id: relation.changes for relation in statement.relations if relation.changes}
        singles = {
            number: tables[0]
            for number, tables in opened.items()
            if targets[number].table is not None and number not in changes
        }
        schemas = {number: table.unmasked for number, table in singles.items()}
        governed = any(table.access for table in chain.from_iterable(opened.values()))

        def source(number: int) -> Source:
            if number in changes:
                return self._changes(opened[number][0], changes[number])
            if number in singles:
                predicate = statement.predicate(number, schemas, parameters)
                return pruned_scan(singles[number], predicate, governed)
            return Union(tuple(pruned_scan(table, ALWAYS, governed) for table in opened[number]))

        return {number: source(number) for number in opened}

    def run(self, query: PreparedQuery, parameters: Sequence[Any] | Mapping[str, Any], limits: Limits) -> RunningQuery:
        """Prepare a run of the query. It starts when its reader is first accessed.

        Every run but the first raises `VersionNotFound` if a vacuum has removed a version that it reads.
        """
        events = QueryEvents(self._audit, self._engine, query.namespace)
        events.describe(query.statement, query.tables)
        try:
            return self._run(query, parameters, limits, events.ended)
        except BaseException as error:
            events.ended(type(error).__name__, 0)
            raise

    def recheck(self, query: PreparedQuery) -> None:
        """Raises `NotSignedIn` or `AccessDenied` once the caller may no longer run the query."""
        self._tables.require_unchanged_access(query.namespace.session, query.tables)

    def _run(
        self, query: PreparedQuery, parameters: Sequence[Any] | Mapping[str, Any], limits: Limits, on_end: OnEnd
    ) -> RunningQuery:
        lease = query.lease.take() or self._lease_again(query)
        limits = replace(limits.within(self._max_seconds), user=query.namespace.session.user)
        try:
            running = self._engine.run(query.statement, query.sources, exact_parameters(parameters), limits)
            return LeasedQuery(running, lease, on_end)
        except BaseException:
            lease.close()
            raise

    def _update_system_tables(self, namespaces: Iterable[Namespace]) -> None:
        """Export the newest audit events if the query reads system tables and the caller may read them."""
        for namespace in namespaces:
            if is_system(namespace.supertable) and self._tables.authorization(namespace.session).role.reaches_all:
                self._audit.bring_up_to_date(namespace.organization)
                return

    def _lease_again(self, query: PreparedQuery) -> Lease:
        """A new lease on the query's versions, once they are verified to exist still."""
        lease = self._leases.begin()
        try:
            lease.restrict_to(query.spans)
            for table in query.tables:
                newest = self._tables.newest(table, dropped_too=True)
                self._tables.at_version(newest, table.snapshot.version)
            return lease
        except BaseException:
            lease.close()
            raise

    def _as_of(self, tables: list[OpenTable], relation: Relation) -> list[OpenTable]:
        """The tables at the version or time that the relation names. A union leaves out tables created later."""
        at = relation.at
        if at is None:
            return tables
        if isinstance(at, VersionAt | TagAt):
            version = at.version if isinstance(at, VersionAt) else at.tag
            return [self._tables.as_of(table, version) for table in tables]
        if len(tables) == 1:
            return [self._tables.at_time(tables[0], at.at_us, _time_text(at))]
        existing = [table for table in tables if table.snapshot.created_at_us <= at.at_us]
        return [self._tables.at_time(table, at.at_us, _time_text(at)) for table in existing]


def _time_text(at: TimestampAt) -> str:
    return f"at {moment(at.at_us):%Y-%m-%d %H:%M:%S.%f} UTC"


def _target(namespace: Namespace, relation: Relation) -> _Target:
    where, name = namespace.named(relation.parts)
    if len(relation.parts) > 1 or name_key(name) != name_key(namespace.supertable):
        return _Target(where, name)
    if isinstance(relation.at, VersionAt | TagAt) or relation.changes:
        raise StatementRefused(
            f"{name} is the union of its tables, which have no version in common. Use AT (TIMESTAMP => ...) instead."
        )
    return _Target(namespace, None)


def _spans(relations: Iterable[Relation], opened: Mapping[int, list[OpenTable]]) -> dict[str, list[Span]]:
    """The versions that are read, by log."""
    spans: dict[str, list[Span]] = {}
    for relation in relations:
        for table in opened[relation.id]:
            last = table.snapshot.version
            changes = relation.changes
            first = max(changes.after, 1) if changes else last
            spans.setdefault(table.folder, []).append((min(first, last), last))
    return spans


def _versions(tables: Iterable[OpenTable]) -> dict[str, tuple[int, ...]]:
    found: dict[str, set[int]] = {}
    for table in tables:
        found.setdefault(table.name, set()).add(table.snapshot.version)
    return {name: tuple(sorted(versions)) for name, versions in sorted(found.items())}
