"""SQL engines. They run only statements that a checking engine has parsed and checked with its own parser."""

from __future__ import annotations

from typing import Protocol

from supertable.application.ports.engines.parsed_statements import NOTHING_KNOWN, Known, Parameters, Statement
from supertable.application.ports.engines.running_queries import Limits, RunningQuery
from supertable.application.ports.engines.sources import Scans


class Engine(Protocol):
    """Thread-safe. Runs checked statements over every kind of source."""

    @property
    def name(self) -> str:
        """That of an `EngineName`."""

    def unavailable(self) -> str:
        """Why the engine cannot run queries now: words that may follow a colon, in ASCII, which any caller may read.

        Empty: it can. Never raises, and is quick: it is called for each query.
        """

    def held(self, scans: Scans) -> bool:
        """Whether the engine keeps the data of exactly these sources, so that it need not read their files.

        Never raises, and is quick: it is called for each query that names no engine, before one is chosen. So it also
        tells an engine what is asked for.
        """

    def unfit(self, statement: Statement, scans: Scans, parameters: Parameters) -> str:
        """Why the engine is there, but not for this statement: words as those of `unavailable`. Empty: it is.

        Never raises, and runs nothing. It is called once the engine is the best that is there, unless the query names
        it: then `run` raises what is wrong.
        """

    def run(self, statement: Statement, scans: Scans, parameters: Parameters, limits: Limits) -> RunningQuery:
        """Compile the view chain of every relation (`scans`, by relation id) into the statement, ready to start.

        Nothing runs before the reader is first accessed.
        """

    def close(self) -> None: ...


class RunsEverything:
    """The part of an engine that runs every checked statement."""

    def unfit(self, statement: Statement, scans: Scans, parameters: Parameters) -> str:
        del statement, scans, parameters
        return ""


class CheckingEngine(Engine, Protocol):
    """Raises `InvalidStatement` and `StatementRefused` for SQL that cannot or may not run."""

    def parse(self, sql: str, known: Known = NOTHING_KNOWN) -> Statement: ...

    def shape(self, sql: str) -> str:
        """`Statement.shape` for SQL that was refused; empty if it cannot be derived. Never raises."""
