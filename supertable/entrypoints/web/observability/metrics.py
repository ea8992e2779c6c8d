"""What Prometheus is told. Labels are routes, methods and states: there are few of each, and none names a table.

With several workers the counts of all are added up: `PROMETHEUS_MULTIPROC_DIR`, which `serving` sets, is where they
meet.
"""

from __future__ import annotations

import os

from litestar import Response, get
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

REQUESTS = Counter("supertable_requests", "Requests that were answered.", ["method", "route", "status"])
SECONDS = Histogram("supertable_request_seconds", "Time until an answer was sent whole.", ["method", "route"])
IN_FLIGHT = Gauge("supertable_requests_in_flight", "Requests being answered.", multiprocess_mode="livesum")
QUERIES = Counter("supertable_queries", "Queries that ended.", ["outcome"])
ROWS = Counter("supertable_rows_read", "Rows of queries' answers.")
WRITES = Counter("supertable_writes", "Writes that became durable; several may share a version.")
_SHARED = "PROMETHEUS_MULTIPROC_DIR"


@get("/metrics", sync_to_thread=True, include_in_schema=False)
def metrics() -> Response[bytes]:
    return Response(generate_latest(_registry()), headers={"Content-Type": CONTENT_TYPE_LATEST})


def _registry() -> CollectorRegistry:
    if _SHARED not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry
