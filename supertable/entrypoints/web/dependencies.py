"""What handlers ask for by name: `container`, `stopping`; behind the sign-in `session`; and `namespace`, of a path's
`{supertable}`."""

from __future__ import annotations

from typing import Any

from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, SkipValidation
from litestar.types import Scope

from supertable.application.tables.namespace import Namespace
from supertable.config.container import Container
from supertable.domain.access.sessions import Session
from supertable.domain.names import checked_name
from supertable.entrypoints.web.rate_limit import RateLimit
from supertable.entrypoints.web.shutdown import Shutdown

Services = SkipValidation[NamedDependency[Container]]
"""The type of a handler's `container`."""
Caller = SkipValidation[NamedDependency[Session]]
"""The type of a handler's `session`."""
Here = SkipValidation[NamedDependency[Namespace]]
"""The type of a handler's `namespace`."""
Stop = SkipValidation[NamedDependency[Shutdown]]
"""The type of a handler's `stopping`."""


def state_of(container: Container) -> State:
    """What all requests share."""
    limit = RateLimit(container.settings().rate_limit)
    return State({"container": container, "stopping": Shutdown(), "rate_limit": limit})


def container_of(scope: Scope) -> Container:
    container: Container = scope["litestar_app"].state["container"]
    return container


def stopping_of(scope: Scope) -> Shutdown:
    stopping: Shutdown = scope["litestar_app"].state["stopping"]
    return stopping


def rate_limit_of(scope: Scope) -> RateLimit:
    limit: RateLimit = scope["litestar_app"].state["rate_limit"]
    return limit


def _container(scope: Scope) -> Any:
    return container_of(scope)


def _stopping(scope: Scope) -> Any:
    return stopping_of(scope)


def _session(scope: Scope) -> Any:
    return scope["user"]


def _namespace(session: Caller, supertable: FromPath[str]) -> Any:
    return Namespace(session.organization, checked_name("supertable", supertable), session)


DEPENDENCIES = {
    "container": Provide(_container, sync_to_thread=False),
    "stopping": Provide(_stopping, sync_to_thread=False),
    "session": Provide(_session, sync_to_thread=False),
    "namespace": Provide(_namespace, sync_to_thread=False),
}
