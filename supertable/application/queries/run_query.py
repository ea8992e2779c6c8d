"""The one use case that runs SQL, for every entrypoint: check, cut, prune, compile, stream."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

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
from supertable.application.queries.leased_query import Ended, FirstLease, LeasedQuery
from supertable.application.queries.query_events import QueryEvents
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.open_table import OpenTable
from supertable.domain.access.roles import Permission
from supertable.domain.errors import AccessDenied, InvalidName, StatementRefused, SupertableError, TableNotFound
from supertable.domain.names import checked_name, name_key
from supertable.domain.scan.exact_predicates import exact_part
from supertable.domain.scan.file_pruning import pruned
from supertable.domain.scan.predicates import ALWAYS, All, Predicate
from supertable.domain.scan.row_filter_pruning import necessary_predicate
from supertable.domain.scan.scan_plan import Scan
from supertable.domain.schema.schemas import Schema
from supertable.domain.system_tables import is_system
from supertable.domain.timestamps import moment


@dataclass(frozen=True, slots=True)
class PreparedQuery:
    """A checked statement bound to one cut. Snapshots are immutable: each run gives the same rows.

    `versions`: the version of every table that is read, by name as written in the catalog; time travel may read
    several of one table. `lease` keeps them from being vacuumed until the first run is over; `spans` say which.
    `namespace`: where it was asked, and by whom.
    """

    namespace: Namespace
    statement: Statement
    sources: Mapping[int, Source]
    versions: Mapping[str, tuple[int, ...]]
    tables: tuple[OpenTable, ...]
    spans: Mapping[str, list[Span]]
    lease: FirstLease


@dataclass(frozen=True, slots=True)
class _Target:
    """What a relation names: a table of a place, or with None all of them."""

    namespace: Namespace
    table: str | None


class RunQuery:
    def __init__(
        self, tables: Tables, changes: ChangeFeed, engine: Engine, leases: Leases, audit: AuditRecorder
    ) -> None:
        self._tables = tables
        self._changes = changes
        self._engine = engine
        self._leases = leases
        self._audit = audit

    def prepare(
        self, namespace: Namespace, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()
    ) -> PreparedQuery:
        """Bind the statement to one cut; `parameters` are those that it will run with.

        Raises `InvalidStatement`, `StatementRefused`, `TableNotFound` or `VersionNotFound`.
        """
        events = QueryEvents(self._audit, self._engine, namespace)
        try:
            statement = self._engine.parse(sql)
            events.asked(statement)
            lease = self._leases.begin()
            try:
                return self._prepared(namespace, statement, parameters, lease)
            except BaseException:
                lease.close()
                raise
        except SupertableError as error:
            events.failed(sql, error)
            raise

    def _prepared(
        self, namespace: Namespace, statement: Statement, parameters: Sequence[Any] | Mapping[str, Any], lease: Lease
    ) -> PreparedQuery:
        targets = {relation.id: _target(namespace, relation) for relation in statement.relations}
        self._ready_system(target.namespace for target in targets.values())
        cut = self._tables.open_consistently(
            {(target.namespace, target.table) for target in targets.values()}, Permission.READ
        )
        opened = {
            relation.id: self._as_of(cut[targets[relation.id].namespace, targets[relation.id].table], relation)
            for relation in statement.relations
        }
        spans = _spans(statement.relations, opened)
        lease.restrict_to(spans)
        changes = {
            relation.id: self._changes(opened[relation.id][0], relation.changes)
            for relation in statement.relations
            if relation.changes
        }
        single = {
            number: tables[0]
            for number, tables in opened.items()
            if targets[number].table is not None and number not in changes
        }
        schemas = {number: table.unmasked for number, table in single.items()}
        sources: dict[int, Source] = {
            number: _with_residual(statement, number, single[number], schemas, parameters)
            if number in single
            else Union(tuple(_pruned(table, ALWAYS) for table in tables))
            for number, tables in opened.items()
            if number not in changes
        }
        tables = tuple(chain.from_iterable(opened.values()))
        if statement.explain and any(table.access for table in tables):
            raise AccessDenied("A plan tells of all rows of a table; it is for roles that see the whole of it.")
        return PreparedQuery(
            namespace, statement, sources | changes, _versions(tables), tables, spans, FirstLease(lease)
        )

    def run(self, query: PreparedQuery, parameters: Sequence[Any] | Mapping[str, Any], limits: Limits) -> RunningQuery:
        """Ready to start: it does when its reader is first asked for.

        Every run but the first raises `VersionNotFound` when a vacuum gave up what it would read.
        """
        events = QueryEvents(self._audit, self._engine, query.namespace)
        events.asked(query.statement, query.tables)
        try:
            return self._run(query, parameters, limits, events.ended)
        except BaseException as error:
            events.ended(type(error).__name__, 0)
            raise

    def _run(
        self, query: PreparedQuery, parameters: Sequence[Any] | Mapping[str, Any], limits: Limits, ended: Ended
    ) -> RunningQuery:
        lease = query.lease.taken() or self._again(query)
        try:
            return LeasedQuery(self._engine.run(query.statement, query.sources, parameters, limits), lease, ended)
        except BaseException:
            lease.close()
            raise

    def _ready_system(self, namespaces: Iterable[Namespace]) -> None:
        """Bring the tables of the system up to date, for those who may read them."""
        for namespace in namespaces:
            if is_system(namespace.supertable) and self._tables.authorization(namespace.session).role.reaches_all:
                self._audit.bring_up_to_date(namespace.organization)
                return

    def _again(self, query: PreparedQuery) -> Lease:
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
        """The tables at the moment that the relation asks for."""
        at = relation.at
        if at is None:
            return tables
        if isinstance(at, VersionAt | TagAt):
            version = at.version if isinstance(at, VersionAt) else at.tag
            return [self._tables.as_of(table, version) for table in tables]
        if len(tables) == 1:
            return [self._tables.at_time(tables[0], at.at_us, _asked(at))]
        there = [table for table in tables if table.snapshot.created_at_us <= at.at_us]
        return [self._tables.at_time(table, at.at_us, _asked(at)) for table in there]


def _asked(at: TimestampAt) -> str:
    return f"at {moment(at.at_us):%Y-%m-%d %H:%M:%S.%f} UTC"


def _target(namespace: Namespace, relation: Relation) -> _Target:
    *qualifiers, name = relation.parts
    try:
        for part in relation.parts:
            checked_name("table", part)
    except InvalidName:
        raise StatementRefused(
            f"{'.'.join(relation.parts)!r} cannot be the name of a table; files cannot be read by their path."
        ) from None
    if len(qualifiers) == 2 and name_key(qualifiers[0]) != name_key(namespace.organization):
        raise TableNotFound(".".join(relation.parts))
    if qualifiers:
        return _Target(Namespace(namespace.organization, qualifiers[-1], namespace.session), name)
    if name_key(name) != name_key(namespace.supertable):
        return _Target(namespace, name)
    if isinstance(relation.at, VersionAt | TagAt) or relation.changes:
        raise StatementRefused(f"{name} is the union of its tables, which have no version in common; use a TIMESTAMP.")
    return _Target(namespace, None)


def _spans(relations: Iterable[Relation], opened: Mapping[int, list[OpenTable]]) -> dict[str, list[Span]]:
    """The versions that are read, by log."""
    spans: dict[str, list[Span]] = {}
    for relation in relations:
        for table in opened[relation.id]:
            last = table.snapshot.version
            wanted = relation.changes
            first = max(wanted.after, 1) if wanted else last
            spans.setdefault(table.folder, []).append((min(first, last), last))
    return spans


def _with_residual(
    statement: Statement,
    number: int,
    table: OpenTable,
    schemas: Mapping[int, Schema],
    parameters: Sequence[Any] | Mapping[str, Any],
) -> Scan:
    """The plan of a relation's rows, without files that the statement does not need.

    Where the statement may fail on rows that are seen, whether a file is left out for its hidden rows must make no
    difference: it is then asked of every row what is asked of the files.
    """
    predicate = statement.predicate(number, schemas, parameters)
    sees_all = table.access is None or table.access.condition is None
    if sees_all or statement.cannot_fail(table.unmasked, parameters):
        return _pruned(table, predicate)
    residual = exact_part(predicate, table.unmasked)
    return replace(_pruned(table, residual), residual=residual)


def _pruned(table: OpenTable, predicate: Predicate) -> Scan:
    """The files that may hold rows that are asked for, and that the caller sees."""
    snapshot = table.snapshot
    condition = table.access.condition if table.access else None
    if condition:
        predicate = All((predicate, necessary_predicate(condition, snapshot.schema)))
    return table.scan(pruned(snapshot.files.values(), predicate, snapshot.schemas, snapshot.schema))


def _versions(tables: Iterable[OpenTable]) -> dict[str, tuple[int, ...]]:
    found: dict[str, set[int]] = {}
    for table in tables:
        found.setdefault(table.name, set()).add(table.snapshot.version)
    return {name: tuple(sorted(versions)) for name, versions in sorted(found.items())}
