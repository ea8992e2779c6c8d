"""Queries, in the foreground and as jobs."""

from __future__ import annotations

from supertable.application.queries.background_queries import BackgroundQueries
from supertable.application.queries.kept_results.result_cache import ResultCache
from supertable.application.queries.kept_results.results import Results
from supertable.application.queries.relations.bound_relations import Relations
from supertable.application.queries.relations.change_feed import ChangeFeed
from supertable.application.queries.relations.listings import Listings
from supertable.application.queries.relations.views import Views
from supertable.application.queries.run_query import RunQuery
from supertable.application.queries.table_statistics import TableStatistics
from supertable.config.settings.settings import Settings
from supertable.config.typed_providers import provided, singleton
from supertable.config.wiring.engines.choice import engines
from supertable.config.wiring.engines.in_process import engine
from supertable.config.wiring.foundation.audit_recorder import audit
from supertable.config.wiring.foundation.storage import clock, identifiers, settings, vectors
from supertable.config.wiring.foundation.transaction_log import leases
from supertable.config.wiring.jobs import job_results, job_runner, list_jobs
from supertable.config.wiring.key_index import key_lookups
from supertable.config.wiring.tables import list_supertables, table_history, tables


def _no_bound() -> float | None:
    """Services override it: see `service_container`."""
    return None


def _results(*, settings: Settings) -> Results:
    return Results(ResultCache(settings.result_cache_bytes))


max_query_seconds = singleton(_no_bound)
table_changes = singleton(ChangeFeed, tables=provided(tables), vectors=provided(vectors))
listings = singleton(
    Listings, tables=provided(tables), supertables=provided(list_supertables), history=provided(table_history)
)
relations = singleton(
    Relations,
    tables=provided(tables),
    changes=provided(table_changes),
    listings=provided(listings),
    lookups=provided(key_lookups),
)
views = singleton(Views, tables=provided(tables), relations=provided(relations), engine=provided(engine))
results = singleton(_results, settings=provided(settings))
run_query = singleton(
    RunQuery,
    tables=provided(tables),
    relations=provided(relations),
    views=provided(views),
    engine=provided(engine),
    engines=provided(engines),
    results=provided(results),
    leases=provided(leases),
    audit=provided(audit),
    max_seconds=provided(max_query_seconds),
)
table_statistics = singleton(TableStatistics, tables=provided(tables), run_query=provided(run_query))
background_queries = singleton(
    BackgroundQueries,
    tables=provided(tables),
    run_query=provided(run_query),
    list_jobs=provided(list_jobs),
    runner=provided(job_runner),
    results=provided(job_results),
    audit=provided(audit),
    clock=provided(clock),
    identifiers=provided(identifiers),
)
