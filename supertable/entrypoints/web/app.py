"""The application that every HTTP service is built on."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from litestar import Litestar
from litestar.concurrency import set_asyncio_executor
from litestar.types import ControllerRouterHandler

from supertable.config.container import Container
from supertable.config.settings.service import listed
from supertable.config.settings.settings import Settings
from supertable.entrypoints.web.observability.metrics import metrics
from supertable.entrypoints.web.observability.request_log import RequestLogMiddleware
from supertable.entrypoints.web.problems import problem_pages
from supertable.entrypoints.web.problems.problem_documents import problem_response
from supertable.entrypoints.web.requests.json_bodies import JsonRequest
from supertable.entrypoints.web.requests.known_parameters import require_known_parameters
from supertable.entrypoints.web.security.allowed_hosts import AllowedHosts
from supertable.entrypoints.web.service import health
from supertable.entrypoints.web.service.dependencies import DEPENDENCIES, application_state
from supertable.entrypoints.web.service.lifespans import Lifespan, jobs_lifespan

_THREADS = 512
_EXECUTOR = ThreadPoolExecutor(_THREADS, "service")
"""Runs blocking work. There are many threads because writes that share one commit wait for it together, and queries
wait for their turn; the settings let queries take at most 384."""


def create_service(
    name: str,
    container: Container,
    handlers: Sequence[ControllerRouterHandler],
    lifespan: Sequence[Lifespan] = (),
    **options: Any,
) -> Litestar:
    """An application over the use cases of `container`, which the caller closes.

    It has health checks, metrics, problem documents and their pages, allowed hosts, a request log, traces and jobs.
    `name` is the service's, like `api`, for logs and traces; `options` are further arguments of `Litestar`.
    """
    set_asyncio_executor(_EXECUTOR)
    settings: Settings = container.settings()
    app = Litestar(
        route_handlers=[*health.HANDLERS, metrics, *problem_pages.HANDLERS, *handlers],
        dependencies=DEPENDENCIES,
        state=application_state(container),
        before_request=require_known_parameters,
        middleware=[AllowedHosts(listed(settings.allowed_hosts))],
        exception_handlers={Exception: problem_response},
        request_class=JsonRequest,
        request_max_body_size=settings.max_body_bytes,
        lifespan=[*lifespan, jobs_lifespan],
        logging_config=None,
        **options,
    )
    app.asgi_handler = RequestLogMiddleware(app.asgi_handler, f"supertable.{name}")
    if settings.otlp_endpoint:
        _trace(app, settings.otlp_endpoint, f"supertable-{name}")
    return app


def _trace(app: Litestar, endpoint: str, service: str) -> None:
    from supertable.entrypoints.web.observability.tracing import traced, tracer_provider

    provider = tracer_provider(endpoint, service)
    app.asgi_handler = traced(app.asgi_handler, provider)
    app.on_shutdown.append(provider.shutdown)
