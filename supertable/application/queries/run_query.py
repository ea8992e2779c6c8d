"""The one use case that runs SQL, for every entrypoint.

It checks the statement, opens its tables at one consistent cut, prunes files, compiles the view chain and streams rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from supertable.application.audit_recorder import AuditRecorder
from supertable.application.ports.engines.parsed_statements import Known, Parameters, Statement
from supertable.application.ports.engines.running_queries import Limits, RunningQuery
from supertable.application.ports.engines.sources import Scans, Source
from supertable.application.ports.engines.updates import CheckedUpdate, UpdatingEngine
from supertable.application.ports.leases import Lease, Leases, Span
from supertable.application.queries.engines import Chosen, Engines
from supertable.application.queries.explained_query import ExplainedQuery
from supertable.application.queries.kept_results.kept_queries import KeptQuery
from supertable.application.queries.kept_results.results import NOT_KEPT, Result, Results
from supertable.application.queries.leased_query import FirstLease, LeasedQuery, OnEnd
from supertable.application.queries.parameters import exact_parameters
from supertable.application.queries.query_events import QueryEvents
from supertable.application.queries.relations.bound_relations import Bound, Relations
from supertable.application.queries.relations.updated_table import UpdatedTable
from supertable.application.queries.relations.views import Views
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.open_table import OpenTable
from supertable.domain.engine_choice import EngineName
from supertable.domain.errors import AccessDenied, ResultTooLarge, StatementRefused, SupertableError
from supertable.domain.system_tables import is_system

MOST_PIVOT_VALUES = 10_000


@dataclass(frozen=True, slots=True)
class PreparedQuery:
    """A checked statement bound to one cut. Snapshots are immutable, so every run returns the same rows.

    `namespace`: the supertable and session of the query. `sources`: by id of the relation. `versions`: the versions
    that are read, ascending, by the table's name as in the catalog; time travel may read several of one table.
    `chosen`: the engine, and why; once a run has started, the one that answers. `result`: the key of its rows, and
    these if they are kept; then `sources` is empty. `lease` protects `spans`, the versions read by log, from vacuum
    until the first run has ended.
    """

    namespace: Namespace
    statement: Statement
    sources: Scans
    versions: Mapping[str, tuple[int, ...]]
    tables: tuple[OpenTable, ...]
    spans: Mapping[str, list[Span]]
    chosen: Chosen
    result: Result
    lease: FirstLease


class RunQuery:
    def __init__(
        self,
        tables: Tables,
        relations: Relations,
        views: Views,
        engine: UpdatingEngine,
        engines: Engines,
        results: Results,
        leases: Leases,
        audit: AuditRecorder,
        max_seconds: float | None,
    ) -> None:
        """`engine`: checks statements, and finds the values of PIVOTs. `max_seconds`: no run has a longer time limit,
        whatever its `Limits` say; None: there is no such bound."""
        self._tables = tables
        self._relations = relations
        self._views = views
        self._engine = engine
        self._engines = engines
        self._results = results
        self._leases = leases
        self._audit = audit
        self._max_seconds = max_seconds

    def prepare(
        self,
        namespace: Namespace,
        sql: str,
        parameters: Parameters = (),
        engine: EngineName | None = None,
        may_keep: bool = True,
    ) -> PreparedQuery:
        """Check the statement, bind it to one cut, and choose its engine.

        `parameters`: those that it will run with, for pruning. `engine`: what the caller asks for; None: nothing.
        `may_keep`: whether its rows may be kept for equal queries, or be those that were kept.
        Raises `InvalidInput` for parameters without an exact value, `EngineUnavailable`, `InvalidStatement`,
        `StatementRefused`, `TableNotFound`, `VersionNotFound`, `AccessDenied` and `NotSignedIn`.
        """
        events = QueryEvents(self._audit, self._engine, namespace)
        try:
            statement = self._engine.parse(sql)
            events.describe(statement)
            parameters = exact_parameters(parameters)
            lease = self._leases.begin()
            try:
                return self._bind(namespace, sql, statement, parameters, lease, engine, may_keep=may_keep)
            except BaseException:
                lease.close()
                raise
        except SupertableError as error:
            events.failed(sql, error)
            raise

    def parse_update(self, namespace: Namespace, sql: str) -> CheckedUpdate:
        """Parse an UPDATE or MERGE. Raises `InvalidStatement` and `StatementRefused`."""
        events = QueryEvents(self._audit, self._engine, namespace)
        try:
            return self._engine.parse_update(sql)
        except SupertableError as error:
            events.failed(sql, error)
            raise

    def prepare_update(
        self,
        namespace: Namespace,
        update: CheckedUpdate,
        parameters: Parameters,
        updated: UpdatedTable,
        engine: EngineName | None = None,
    ) -> PreparedQuery:
        """Bind the query of an UPDATE or MERGE, and choose its engine. Raises what `prepare` raises."""
        events = QueryEvents(self._audit, self._engine, namespace)
        events.describe(update.query)
        lease = self._leases.begin()
        try:
            exact = exact_parameters(parameters)
            return self._bind(namespace, update.sql, update.query, exact, lease, engine, updated)
        except BaseException as error:
            lease.close()
            if isinstance(error, SupertableError):
                events.failed(update.sql, error)
            raise

    def _bind(
        self,
        namespace: Namespace,
        sql: str,
        statement: Statement,
        parameters: Parameters,
        lease: Lease,
        engine: EngineName | None,
        updated: UpdatedTable | None = None,
        may_keep: bool = False,
    ) -> PreparedQuery:
        targets = self._relations.targets(namespace, statement.relations)
        self._update_system_tables(target.namespace for target in targets.values())
        statement, bound, known = self._views.expand(namespace, sql, statement, only_tables=updated is not None)
        if updated:
            bound = updated.in_place_of(bound)
        spans = bound.spans()
        lease.restrict_to(spans)
        if statement.values_query:
            statement = self._with_values(namespace, sql, statement, bound, known)
        sources: dict[int, Source] = {}
        result = self._results.find(sql, statement, known, parameters, bound, engine) if may_keep else NOT_KEPT
        if result.rows is None:
            sources = self._relations.sources(statement, bound, parameters, self._engines.keeping(engine))
        if updated:
            sources[updated.relation] = updated.located(sources[updated.relation])
        if statement.analyze and not namespace.session.irrevocable:
            raise AccessDenied(
                "EXPLAIN ANALYZE tells how long each part of a query took, so that only owners may run it."
            )
        if statement.explain and any(table.access for table in bound.tables):
            raise AccessDenied(
                "A plan reveals details of all rows of a table, so that the role must see the whole table."
            )
        tables = (*bound.tables, *bound.views.values())
        self._engines.require(engine)
        chosen = result.chosen or self._engines.choose(engine, bound, statement, sources, parameters)
        versions = _versions(tables)
        return PreparedQuery(namespace, statement, sources, versions, tables, spans, chosen, result, FirstLease(lease))

    def _with_values(
        self, namespace: Namespace, sql: str, statement: Statement, bound: Bound, known: Known
    ) -> Statement:
        """The statement with the values of its PIVOTs, as the caller sees them in the same versions."""
        while statement.values_query:
            query = self._engine.parse(statement.values_query, Known(views=known.views))
            sources = self._relations.sources(query, bound.of_part(query), ())
            values = self._values(query, sources, namespace.session.user)
            known = replace(known, pivots=(*known.pivots, values))
            statement = self._engine.parse(sql, known)
        return statement

    def _values(self, query: Statement, sources: Scans, user: str) -> tuple[str, ...]:
        running = self._engine.run(query, sources, (), Limits(MOST_PIVOT_VALUES, self._max_seconds, user))
        try:
            return tuple(sorted(running.reader.read_all().column(0).to_pylist()))
        except ResultTooLarge:
            raise StatementRefused(
                f"A PIVOT finds its values itself up to {MOST_PIVOT_VALUES:,} of them. Name them with IN (…)."
            ) from None
        finally:
            running.close()

    def run(self, query: PreparedQuery, parameters: Parameters, limits: Limits) -> RunningQuery:
        """Prepare a run of the query. It starts when its reader is first accessed.

        Every run but the first raises `VersionNotFound` if a vacuum has removed a version that it reads.
        """
        events = QueryEvents(self._audit, self._engine, query.namespace)
        events.describe(query.statement, query.tables, lambda: query.result.audited_as or query.chosen.name)
        try:
            return self._run(query, parameters, limits, events.ended)
        except BaseException as error:
            events.ended(type(error).__name__, 0)
            raise

    def recheck(self, query: PreparedQuery) -> None:
        """Raises `NotSignedIn` or `AccessDenied` once the caller may no longer run the query."""
        self._tables.require_unchanged_access(query.namespace.session, query.tables)

    def _run(self, query: PreparedQuery, parameters: Parameters, limits: Limits, on_end: OnEnd) -> RunningQuery:
        lease = query.lease.take() or self._lease_again(query)
        limits = replace(limits.within(self._max_seconds), user=query.namespace.session.user)
        try:
            return LeasedQuery(self._running(query, parameters, limits), lease, query.chosen.started, on_end)
        except BaseException:
            lease.close()
            raise

    def _running(self, query: PreparedQuery, parameters: Parameters, limits: Limits) -> RunningQuery:
        if query.result.rows is not None:
            return KeptQuery(query.result.rows, limits)
        running = query.chosen.engine.run(query.statement, query.sources, exact_parameters(parameters), limits)
        query.chosen.started(running.instead)
        if query.statement.explain:
            return ExplainedQuery(running, query.chosen)
        return self._results.keeping(running, query.result, query.chosen)

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


def _versions(tables: Iterable[OpenTable]) -> dict[str, tuple[int, ...]]:
    found: dict[str, set[int]] = {}
    for table in tables:
        found.setdefault(table.name, set()).add(table.snapshot.version)
    return {name: tuple(sorted(versions)) for name, versions in sorted(found.items())}
