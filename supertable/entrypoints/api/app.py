"""The application, as the container builds it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager

from litestar import Litestar, Router
from litestar.concurrency import set_asyncio_executor
from litestar.config.cors import CORSConfig

from supertable.config.container import Container
from supertable.config.settings.service import listed
from supertable.config.settings.settings import Settings
from supertable.entrypoints.api import routes
from supertable.entrypoints.api.jobs.jobs import jobs_go_on
from supertable.entrypoints.api.queries.background_queries import NEXT_CURSOR
from supertable.entrypoints.api.queries.query import VERSIONS
from supertable.entrypoints.api.service import health
from supertable.entrypoints.web import openapi, problem_pages
from supertable.entrypoints.web.allowed_hosts import AllowedHosts
from supertable.entrypoints.web.authentication import ORGANIZATION, ROLE, AuthenticationMiddleware
from supertable.entrypoints.web.dependencies import DEPENDENCIES, state_of
from supertable.entrypoints.web.observability.metrics import metrics
from supertable.entrypoints.web.observability.request_log import REQUEST_ID, RequestLogMiddleware
from supertable.entrypoints.web.problems import problem_of_exception
from supertable.entrypoints.web.request_bodies import BodySchemas, JsonRequest

Lifespan = Callable[[Litestar], AbstractAsyncContextManager[None]]
_THREADS = 128
_EXECUTOR = ThreadPoolExecutor(_THREADS, "api")
"""Where whatever blocks runs. Many, because writes that become one commit wait for it together."""


def create_app(container: Container, lifespan: Sequence[Lifespan] = ()) -> Litestar:
    """The REST API over the use cases of `container`, which stays the caller's to close."""
    set_asyncio_executor(_EXECUTOR)
    settings: Settings = container.settings()
    v1 = Router("/api/v1", route_handlers=routes.HANDLERS, middleware=[AuthenticationMiddleware])
    app = Litestar(
        route_handlers=[*health.HANDLERS, metrics, *openapi.HANDLERS, *problem_pages.HANDLERS, v1],
        dependencies=DEPENDENCIES,
        state=state_of(container),
        middleware=[AllowedHosts(listed(settings.allowed_hosts))],
        exception_handlers={Exception: problem_of_exception},
        cors_config=_cors(listed(settings.cors_origins)),
        request_class=JsonRequest,
        request_max_body_size=settings.max_body_bytes,
        lifespan=[*lifespan, jobs_go_on],
        logging_config=None,
        openapi_config=openapi.CONFIG,
        plugins=[BodySchemas()],
    )
    app.asgi_handler = RequestLogMiddleware(app.asgi_handler)
    if settings.otlp_endpoint:
        _trace(app, settings.otlp_endpoint)
    return app


def _cors(origins: list[str]) -> CORSConfig | None:
    """Without origins no page of another site may read an answer."""
    if not origins:
        return None
    return CORSConfig(
        allow_origins=origins,
        allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "If-Match", ROLE, ORGANIZATION, REQUEST_ID],
        expose_headers=["ETag", "Location", "Retry-After", REQUEST_ID, VERSIONS, NEXT_CURSOR],
    )


def _trace(app: Litestar, endpoint: str) -> None:
    from supertable.entrypoints.web.observability.tracing import traced, tracer_provider

    provider = tracer_provider(endpoint)
    app.asgi_handler = traced(app.asgi_handler, provider)
    app.on_shutdown.append(provider.shutdown)
