"""Metrics for Prometheus. Labels are routes, methods and states: they have few values, and none names a table.

Each worker counts in its memory. The server adds the counts of its workers up when they are asked for.
"""

from __future__ import annotations

from collections.abc import Callable

from litestar import Response, get
from litestar.datastructures import State
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram

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
TOTALS = "metric_totals"
"""The entry of an application's state with a function that returns the counts of all workers, or None if they cannot
be had now."""


@get("/metrics", sync_to_thread=True, include_in_schema=False)
def metrics(state: State) -> Response[bytes]:
    totals: Callable[[], Counts | None] = state.get(TOTALS, own_counts)
    counts = totals()
    if counts is None:
        return Response(b"the counts of the other workers cannot be had now\n", status_code=503)
    return Response(exposition(counts), headers={"Content-Type": CONTENT_TYPE_LATEST})


def own_counts() -> Counts:
    return counts_of(COUNTED)
