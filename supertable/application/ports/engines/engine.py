"""SQL engines. An engine parses and checks a statement with its own parser, and runs only the checked form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from supertable.application.ports.engines.parsed_statements import NOTHING_KNOWN, Known, Statement
from supertable.application.ports.engines.running_queries import Limits, RunningQuery
from supertable.application.ports.engines.sources import Source


class Engine(Protocol):
    """Thread-safe. Raises `InvalidStatement` and `StatementRefused` for SQL that cannot or may not run."""

    @property
    def name(self) -> str: ...

    def parse(self, sql: str, known: Known = NOTHING_KNOWN) -> Statement: ...

    def shape(self, sql: str) -> str:
        """`Statement.shape` for SQL that was refused; empty if it cannot be derived. Never raises."""

    def run(
        self,
        statement: Statement,
        scans: Mapping[int, Source],
        parameters: Sequence[Any] | Mapping[str, Any],
        limits: Limits,
    ) -> RunningQuery:
        """Compile the view chain of every relation (`scans`, by relation id) into the statement, ready to start.

        Nothing runs before the reader is first accessed.
        """

    def close(self) -> None: ...
