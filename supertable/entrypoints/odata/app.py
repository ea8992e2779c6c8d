"""The OData service as an application."""

from __future__ import annotations

from collections.abc import Sequence

from litestar import Litestar, Router
from litestar.middleware import DefineMiddleware

from supertable.config.container import Container
from supertable.config.settings.settings import Settings
from supertable.entrypoints.odata.answers.error_documents import error_response
from supertable.entrypoints.odata.endpoint import endpoint
from supertable.entrypoints.odata.requests.credentials import credential_of
from supertable.entrypoints.web.app import create_service
from supertable.entrypoints.web.security.authentication import AuthenticationMiddleware
from supertable.entrypoints.web.security.rate_limit import RateLimit
from supertable.entrypoints.web.service.lifespans import Lifespan


def create_app(container: Container, lifespan: Sequence[Lifespan] = ()) -> Litestar:
    """The OData service over the use cases of `container`, which the caller closes."""
    settings: Settings = container.settings()
    limit = RateLimit(settings.rate_limit)
    authentication = DefineMiddleware(AuthenticationMiddleware, rate_limit=limit, credential_of=credential_of)
    service = Router(
        "/", route_handlers=[endpoint], middleware=[authentication], exception_handlers={Exception: error_response}
    )
    return create_service("odata", container, [service], lifespan, openapi_config=None)
