"""What handlers ask for by name: `container`, `session`, and, below `/supertables/{supertable}`, `place`."""

from __future__ import annotations

from typing import Any

from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, SkipValidation
from litestar.types import Scope

from supertable.application.tables import Place
from supertable.config.container import Container
from supertable.domain.names import checked_name
from supertable.domain.sessions import Session

Services = SkipValidation[NamedDependency[Container]]
"""The type of a handler's `container`."""
Caller = SkipValidation[NamedDependency[Session]]
"""The type of a handler's `session`."""
Here = SkipValidation[NamedDependency[Place]]
"""The type of a handler's `place`."""


def keep(container: Container) -> State:
    return State({"container": container})


def container_of(scope: Scope) -> Container:
    container: Container = scope["litestar_app"].state["container"]
    return container


def _container(scope: Scope) -> Any:
    return container_of(scope)


def _session(scope: Scope) -> Any:
    return scope["user"]


def _place(session: Caller, supertable: FromPath[str]) -> Any:
    return Place(session.organization, checked_name("supertable", supertable), session)


DEPENDENCIES = {
    "container": Provide(_container, sync_to_thread=False),
    "session": Provide(_session, sync_to_thread=False),
    "place": Provide(_place, sync_to_thread=False),
}
