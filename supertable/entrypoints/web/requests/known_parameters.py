"""Query parameters that no resource has are refused: a misspelt `limt` must not silently return all."""

from __future__ import annotations

from collections import Counter
from difflib import get_close_matches
from functools import cache
from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler

from supertable.domain.errors import InvalidInput

Connection = ASGIConnection[Any, Any, Any, Any]


async def require_known_parameters(connection: Connection) -> None:
    """Raises `InvalidInput` for a query parameter that the handler lacks, or that is given more than once.

    It runs before each request. A guard would do it too, but costs a copy of the handler. Functions that are not
    `async` would run in threads.
    """
    if not connection.scope["query_string"] or connection.scope.get("method") == "OPTIONS":
        return
    given = Counter(name for name, _ in connection.query_params.multi_items())
    repeatable = _parameters(connection.route_handler)
    for name, times in given.items():
        if name not in repeatable:
            raise InvalidInput(f"There is no query parameter {name[:80]!r}. {_known(name, list(repeatable))}")
        if times > 1 and not repeatable[name]:
            raise InvalidInput(f"The query parameter {name!r} is given {times} times. Give it once.")


async def require_known_parameters_of_socket(connection: Connection, _: BaseRouteHandler) -> None:
    """The same as a guard, for a WebSocket, before which nothing else runs."""
    await require_known_parameters(connection)


@cache
def _parameters(handler: BaseRouteHandler) -> dict[str, bool]:
    """The query parameters of the handler, and whether each is repeatable."""
    model = handler.create_kwargs_model(path_parameters={})
    return {found.field_alias: found.is_sequence for found in model.expected_query_params}


def _known(name: str, parameters: list[str]) -> str:
    if not parameters:
        return "This resource takes none."
    near = get_close_matches(name.lower(), parameters, n=1)
    return f"Did you mean `{near[0]}`?" if near else f"Those of this resource are {', '.join(sorted(parameters))}."
