"""The application, as the container builds it."""

from __future__ import annotations

from litestar import Litestar, Router

from supertable.config.container import Container
from supertable.entrypoints.api import health, routes
from supertable.entrypoints.api.context import DEPENDENCIES, keep
from supertable.entrypoints.api.problems import problem_of_exception
from supertable.entrypoints.api.signing_in import SigningIn


def create_app(container: Container) -> Litestar:
    """The REST API over the use cases of `container`, which stays the caller's to close."""
    v1 = Router("/api/v1", route_handlers=routes.HANDLERS, middleware=[SigningIn], dependencies=DEPENDENCIES)
    return Litestar(
        route_handlers=[health.healthz, v1],
        state=keep(container),
        exception_handlers={Exception: problem_of_exception},
        openapi_config=None,
    )
