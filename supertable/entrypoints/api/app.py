"""The REST API as an application."""

from __future__ import annotations

from collections.abc import Sequence

from litestar import Litestar, Router
from litestar.config.cors import CORSConfig
from litestar.middleware import DefineMiddleware

from supertable.config.container import Container
from supertable.config.settings.service import listed
from supertable.config.settings.settings import Settings
from supertable.entrypoints.api import routes
from supertable.entrypoints.api.openapi import description
from supertable.entrypoints.api.openapi.component_schemas import ComponentSchemas
from supertable.entrypoints.api.openapi.response_headers import (
    ENGINE_HEADER,
    ENGINE_REASON_HEADER,
    NEXT_CURSOR_HEADER,
    VERSIONS_HEADER,
)
from supertable.entrypoints.web.app import create_service
from supertable.entrypoints.web.observability.request_log import REQUEST_ID_HEADER
from supertable.entrypoints.web.security.authentication import ORGANIZATION_HEADER, AuthenticationMiddleware
from supertable.entrypoints.web.security.credentials import ROLE_HEADER
from supertable.entrypoints.web.security.rate_limit import RateLimit
from supertable.entrypoints.web.service.lifespans import Lifespan

_REQUEST_HEADERS = [
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    ROLE_HEADER,
    ORGANIZATION_HEADER,
    REQUEST_ID_HEADER,
]
_RESPONSE_HEADERS = [
    *("ETag", "Location", "Retry-After", REQUEST_ID_HEADER),
    *(VERSIONS_HEADER, ENGINE_HEADER, ENGINE_REASON_HEADER, NEXT_CURSOR_HEADER),
]


def create_app(container: Container, lifespan: Sequence[Lifespan] = ()) -> Litestar:
    """The REST API over the use cases of `container`, which the caller closes."""
    settings: Settings = container.settings()
    authentication = DefineMiddleware(AuthenticationMiddleware, rate_limit=RateLimit(settings.rate_limit))
    v1 = Router("/api/v1", route_handlers=routes.HANDLERS, middleware=[authentication])
    return create_service(
        "api",
        container,
        [*description.HANDLERS, v1],
        lifespan,
        cors_config=_cors(listed(settings.cors_origins)),
        openapi_config=description.CONFIG,
        plugins=[ComponentSchemas()],
    )


def _cors(origins: list[str]) -> CORSConfig | None:
    """Without origins, no page of another origin can read a response."""
    if not origins:
        return None
    return CORSConfig(allow_origins=origins, allow_headers=_REQUEST_HEADERS, expose_headers=_RESPONSE_HEADERS)
