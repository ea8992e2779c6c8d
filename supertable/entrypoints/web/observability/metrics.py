"""Metrics for Prometheus. Labels are routes, methods and states: they have few values, and none names a table.

Each worker counts in its memory. The server adds the counts of its workers up when they are asked for.
"""

from __future__ import annotations

from collections.abc import Callable

from litestar import Response, get
from litestar.datastructures import State
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram

from supertable.config.container import Container
from supertable.entrypoints.web.control_threads import in_control_thread
from supertable.entrypoints.web.observability.metric_totals import Counts, counts_of, exposition

COUNTED = CollectorRegistry()
"""The metrics of this process."""
REQUESTS = Counter("supertable_requests", "Answered requests.", ["method", "route", "status"], registry=COUNTED)
SECONDS = Histogram(
    "supertable_request_seconds", "Seconds until a response was sent completely.", ["method", "route"], registry=COUNTED
)
IN_FLIGHT = Gauge("supertable_requests_in_flight", "Requests in progress.", registry=COUNTED)
QUERIES = Counter("supertable_queries", "Queries that have ended.", ["outcome"], registry=COUNTED)
ROWS = Counter("supertable_rows_read", "Rows in the results of queries.", registry=COUNTED)
WRITES = Counter("supertable_writes", "Durable writes; several may share a version.", registry=COUNTED)
PROBLEMS = Counter("supertable_problems", "Requests that failed, by problem.", ["type"], registry=COUNTED)
SMALL_FILES = Gauge("supertable_small_files", "Files that a compaction would merge.", registry=COUNTED)
DEAD_ROWS = Gauge("supertable_dead_rows", "Deleted rows in the files of current versions.", registry=COUNTED)
OVERDUE = Gauge("supertable_maintenance_overdue_tables", "Tables for which maintenance is due.", registry=COUNTED)
AUDIT_WAITING = Gauge("supertable_audit_waiting_bytes", "Audit events that wait for their export.", registry=COUNTED)
WITHOUT_CATALOG = Gauge(
    "supertable_workers_without_catalog", "Workers that the catalog does not answer.", registry=COUNTED
)
CATALOG_REPAIRS = Gauge("supertable_catalog_repairs", "Damaged catalogs that workers filled again.", registry=COUNTED)
EXECUTORS_STARTED = Counter("supertable_executors_started", "Processes started for queries.", registry=COUNTED)
EXECUTORS_KILLED = Counter(
    "supertable_executors_killed",
    "Processes of queries that ended, by reason: crashed, memory, deadline or cancelled.",
    ["reason"],
    registry=COUNTED,
)
QUERIES_WAITING = Gauge("supertable_queries_waiting", "Queries that wait for others to end.", registry=COUNTED)
QUERY_WAIT = Histogram("supertable_query_wait_seconds", "Seconds that queries waited for others.", registry=COUNTED)
TOTALS = "metric_totals"
"""The entry of an application's state with a function that returns the counts of all workers, or None if they cannot
be had now."""


def observe(container: Container) -> None:
    """Let the gauges read the container's state. Those of maintenance are 0 except in the worker that does it."""
    maintenance, heads = container.background_maintenance(), container.heads()
    journals, organization = container.audit_journals(), container.settings().organization
    SMALL_FILES.set_function(lambda: maintenance.need.small_files)
    DEAD_ROWS.set_function(lambda: maintenance.need.dead_rows)
    OVERDUE.set_function(lambda: maintenance.need.overdue)
    AUDIT_WAITING.set_function(lambda: journals.own_bytes(organization))
    WITHOUT_CATALOG.set_function(lambda: 1 if heads.outage else 0)
    CATALOG_REPAIRS.set_function(lambda: heads.repairs)
    turns = container.turns()
    QUERIES_WAITING.set_function(lambda: turns.waiting)
    container.executor_pool().watch = _Executors()


class _Executors:
    def started(self) -> None:
        EXECUTORS_STARTED.inc()

    def killed(self, reason: str) -> None:
        EXECUTORS_KILLED.labels(reason).inc()

    def waited(self, seconds: float) -> None:
        QUERY_WAIT.observe(seconds)


@get("/metrics", include_in_schema=False)
async def metrics(state: State) -> Response[bytes]:
    totals: Callable[[], Counts | None] = state.get(TOTALS, own_counts)
    counts = await in_control_thread(totals)
    if counts is None:
        return Response(b"the counts of the other workers cannot be had now\n", status_code=503)
    return Response(exposition(counts), headers={"Content-Type": CONTENT_TYPE_LATEST})


def own_counts() -> Counts:
    return counts_of(COUNTED)
