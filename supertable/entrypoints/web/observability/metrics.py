"""Metrics for Prometheus. Labels are routes, methods and states: they have few values, and none names a table.

The counts of all workers are added up through the files in the folder `PROMETHEUS_MULTIPROC_DIR`, which the server
sets.
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

REQUESTS = Counter("supertable_requests", "Answered requests.", ["method", "route", "status"])
SECONDS = Histogram("supertable_request_seconds", "Seconds until a response was sent completely.", ["method", "route"])
IN_FLIGHT = Gauge("supertable_requests_in_flight", "Requests in progress.", multiprocess_mode="livesum")
QUERIES = Counter("supertable_queries", "Queries that have ended.", ["outcome"])
ROWS = Counter("supertable_rows_read", "Rows in the results of queries.")
WRITES = Counter("supertable_writes", "Durable writes; several may share a version.")
MULTIPROCESS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The environment variable with the folder that the workers share."""


@get("/metrics", sync_to_thread=True, include_in_schema=False)
def metrics() -> Response[bytes]:
    return Response(generate_latest(_registry()), headers={"Content-Type": CONTENT_TYPE_LATEST})


def _registry() -> CollectorRegistry:
    if MULTIPROCESS_FOLDER not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry
