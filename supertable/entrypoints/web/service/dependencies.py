"""The values that handlers receive by parameter name.

`container` and `shutdown` are available to all handlers, `session` behind authentication, and `namespace` where the
path has a `{supertable}`.
"""

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
from supertable.entrypoints.web.service.answers import Answers
from supertable.entrypoints.web.service.shutdown import Shutdown
from supertable.entrypoints.web.service.sign_ins import SignIns

InjectedContainer = SkipValidation[NamedDependency[Container]]
"""The type of a handler's `container`."""
InjectedSession = SkipValidation[NamedDependency[Session]]
"""The type of a handler's `session`: the authenticated caller and role."""
InjectedNamespace = SkipValidation[NamedDependency[Namespace]]
"""The type of a handler's `namespace`: the supertable of the path, seen by the caller."""
InjectedShutdown = SkipValidation[NamedDependency[Shutdown]]
"""The type of a handler's `shutdown`."""


def application_state(container: Container) -> State:
    """The state that all requests share."""
    return State({"container": container, "shutdown": Shutdown(), "sign_ins": SignIns(), "answers": Answers()})


def container_of(scope: Scope) -> Container:
    container: Container = scope["litestar_app"].state["container"]
    return container


def shutdown_of(scope: Scope) -> Shutdown:
    shutdown: Shutdown = scope["litestar_app"].state["shutdown"]
    return shutdown


def sign_ins_of(scope: Scope) -> SignIns:
    sign_ins: SignIns = scope["litestar_app"].state["sign_ins"]
    return sign_ins


def answers_of(scope: Scope) -> Answers:
    answers: Answers = scope["litestar_app"].state["answers"]
    return answers


def namespace_of(scope: Scope, supertable: str) -> Namespace:
    """The supertable, seen by the caller. Raises `InvalidName`."""
    session: Session = scope["user"]
    return Namespace(session.organization, checked_name("supertable", supertable), session)


def _container(scope: Scope) -> Any:
    return container_of(scope)


def _shutdown(scope: Scope) -> Any:
    return shutdown_of(scope)


def _session(scope: Scope) -> Any:
    return scope["user"]


def _namespace(scope: Scope, supertable: FromPath[str]) -> Any:
    return namespace_of(scope, supertable)


DEPENDENCIES = {
    "container": Provide(_container, sync_to_thread=False),
    "shutdown": Provide(_shutdown, sync_to_thread=False),
    "session": Provide(_session, sync_to_thread=False),
    "namespace": Provide(_namespace, sync_to_thread=False),
}
