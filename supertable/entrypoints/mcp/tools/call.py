"""One call of a tool, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from supertable.application.ports.engines.running_queries import Limits
from supertable.application.tables.namespace import Namespace
from supertable.config.container import Container
from supertable.config.settings.settings import Settings
from supertable.domain.access.sessions import Session
from supertable.domain.errors import NotSignedIn
from supertable.domain.names import DEFAULT_SUPERTABLE, checked_name
from supertable.entrypoints.mcp.tools.cancellation import Cancellation

DEFAULT_SECONDS = 60.0
"""The time limit of a query that has none, neither by its call nor by the settings."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`members`: the structured content. `summary`: a sentence or two of ours, without data from tables."""

    members: Mapping[str, Any]
    summary: str


class Call:
    """One call of a tool, with checked arguments. Tools run in threads, so that it must not be shared."""

    def __init__(
        self,
        container: Container,
        session: Session | None,
        arguments: Mapping[str, Any],
        cancellation: Cancellation,
    ) -> None:
        """`session`: None for tools that need no caller."""
        self.container = container
        self._session = session
        self.arguments = arguments
        self.cancellation = cancellation

    @property
    def session(self) -> Session:
        if self._session is None:
            raise NotSignedIn("This connection is not signed in. Nothing was run.")
        return self._session

    @cached_property
    def settings(self) -> Settings:
        settings: Settings = self.container.settings()
        return settings

    @cached_property
    def namespace(self) -> Namespace:
        """The supertable that the call names, or `main`. Raises `InvalidName`."""
        name = checked_name("supertable", self.arguments.get("super_name", DEFAULT_SUPERTABLE))
        return Namespace(self.session.organization, name, self.session)

    @property
    def table(self) -> str:
        """Raises `InvalidName`."""
        return checked_name("table", self.arguments["table"])

    @property
    def limit(self) -> int:
        """The rows that the answer has at most."""
        return self.limit_or(self.settings.default_limit)

    def limit_or(self, default: int) -> int:
        limit: int = self.arguments.get("limit", default)
        return min(limit, self.settings.max_limit)

    @property
    def seconds(self) -> float:
        """The time limit of queries."""
        given: float | None = self.arguments.get("query_timeout_sec")
        return float(given or self.settings.query_timeout_seconds or DEFAULT_SECONDS)

    @property
    def limits(self) -> Limits:
        return Limits(None, self.seconds)


Runs = Mapping[str, Callable[[Call], Answer]]
"""What runs, by the name of the tool."""
