"""Where calls become work: the caller is found, and the tool runs. Loading this module loads the engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from supertable.config.container import Container
from supertable.entrypoints.mcp.identity.callers import Callers
from supertable.entrypoints.mcp.identity.connections import Connection
from supertable.entrypoints.mcp.tools import about, listings, queries, tables, versions
from supertable.entrypoints.mcp.tools.call import Answer, Call, Runs
from supertable.entrypoints.mcp.tools.cancellation import Cancellation
from supertable.entrypoints.mcp.tools.tool import TOOLS

RUNS: Runs = {**about.RUNS, **listings.RUNS, **queries.RUNS, **tables.RUNS, **versions.RUNS}
_CREDENTIALS = ("organization", "auth_token", "user_hash")


class Desk:
    """Thread-safe."""

    def __init__(self, container: Container) -> None:
        self.container = container
        self.callers = Callers(container)

    def run(self, name: str, connection: Connection, given: Mapping[str, Any], cancellation: Cancellation) -> Answer:
        """The answer of the tool of that name to checked arguments. Blocks. Raises what its use cases raise."""
        return RUNS[name](self.call(connection, given, cancellation, TOOLS[name].signed_in))

    def call(
        self, connection: Connection, given: Mapping[str, Any], cancellation: Cancellation, signed_in: bool = True
    ) -> Call:
        """A call by its caller. Blocks. Raises what finding the caller raises, if it must be `signed_in`."""
        cancellation.require_wanted()
        organization, auth_token, user_hash = (given.get(each) for each in _CREDENTIALS)
        session = self.callers.caller(connection, organization, auth_token, user_hash) if signed_in else None
        arguments = {each: value for each, value in given.items() if each not in _CREDENTIALS}
        return Call(self.container, session, arguments, cancellation)
