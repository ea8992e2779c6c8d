"""Queries, in the foreground and as jobs."""

from __future__ import annotations

from supertable.application.queries.background_queries import BackgroundQueries
from supertable.application.queries.change_feed import ChangeFeed
from supertable.application.queries.run_query import RunQuery
from supertable.application.queries.table_statistics import TableStatistics
from supertable.config.typed_providers import provided, singleton
from supertable.config.wiring.audit_recorder import audit
from supertable.config.wiring.engines.in_process import engine
from supertable.config.wiring.jobs import job_results, job_runner, list_jobs
from supertable.config.wiring.storage import clock, identifiers, vectors
from supertable.config.wiring.tables import tables
from supertable.config.wiring.transaction_log import leases


def _no_bound() -> float | None:
    """Services override it: see `service_container`."""
    return None


max_query_seconds = singleton(_no_bound)
table_changes = singleton(ChangeFeed, tables=provided(tables), vectors=provided(vectors))
run_query = singleton(
    RunQuery,
    tables=provided(tables),
    changes=provided(table_changes),
    engine=provided(engine),
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
