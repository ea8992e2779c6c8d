"""The engines of this process, and the choice between them for each query."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from supertable.application.ports.clocks import Clock
from supertable.application.ports.engines.engine import Engine
from supertable.application.ports.engines.parsed_statements import Parameters, Statement
from supertable.application.ports.engines.sources import Scans, scans_of
from supertable.application.queries.relations.bound_relations import Bound
from supertable.domain.engine_choice import (
    EngineLimits,
    EngineName,
    Reads,
    Wish,
    answered_by_lite,
    chosen_engine,
    require_there,
)
from supertable.domain.scan.scan_plan import Scan

_UNKNOWN = Reads(bytes=0, age_seconds=None)
"""For queries that name their engine, where it does not count."""

NO_ENGINE = "no cluster is configured (SUPERTABLE_SPARK_CLUSTERS)"


@dataclass(slots=True)
class Chosen:
    """The engine that a query runs on, and why it was chosen.

    `instead`: see `RunningQuery`, of the run that started last.
    """

    engine: Engine
    choice: str
    instead: str = ""

    def started(self, instead: str) -> None:
        self.instead = instead

    @property
    def name(self) -> str:
        """That of the engine that answers."""
        return EngineName.LITE.value if self.instead else self.engine.name

    @property
    def reason(self) -> str:
        """Why that engine answers, in sentences in ASCII, for the caller."""
        return answered_by_lite(self.choice, self.instead) if self.instead else self.choice


class Engines:
    """Thread-safe."""

    def __init__(self, engines: Sequence[Engine], limits: EngineLimits, default: EngineName, clock: Clock) -> None:
        """`default`: the engine of queries that name none, over tables that name none."""
        self._engines = {EngineName(engine.name): engine for engine in engines}
        self._limits = limits
        self._default = Wish(default, f"SUPERTABLE_DEFAULT_ENGINE is {default.upper()}.")
        self._clock = clock

    def require(self, requested: EngineName | None) -> None:
        """Raises `EngineUnavailable` if the query asks for an engine that is away."""
        if requested is not None and requested is not EngineName.AUTO:
            require_there(requested, self._away)

    def keeping(self, requested: EngineName | None) -> Callable[[Scan], bool]:
        """Tells of a scan whether its rows are kept: PRO is asked for, or may be chosen and holds them."""
        if requested in (EngineName.PRO, EngineName.LITE):
            return lambda _: requested is EngineName.PRO
        return lambda scan: self._held({0: scan})

    def choose(
        self, requested: EngineName | None, bound: Bound, statement: Statement, sources: Scans, parameters: Parameters
    ) -> Chosen:
        """The engine for a statement over `sources`, which `bound` became. Raises `EngineUnavailable`."""
        named = requested not in (None, EngineName.AUTO)
        reads = _UNKNOWN if named else self._reads(bound, sources)
        wish = _wish_of_tables(bound) or self._default

        def away(name: EngineName) -> str:
            return self._away(name) or ("" if named else self._engines[name].unfit(statement, sources, parameters))

        choice = chosen_engine(reads, away, self._limits, requested, wish)
        return Chosen(self._engines[choice.engine], choice.reason)

    def close(self) -> None:
        for engine in self._engines.values():
            engine.close()

    def _away(self, name: EngineName) -> str:
        """Why the engine is away; empty: it is there."""
        return self._engines[name].unavailable() if name in self._engines else NO_ENGINE

    def _held(self, sources: Scans) -> bool:
        """Whether PRO is there and holds everything that is read."""
        return bool(sources) and not self._away(EngineName.PRO) and self._engines[EngineName.PRO].held(sources)

    def _reads(self, bound: Bound, sources: Scans) -> Reads:
        return Reads(
            bytes=sum(scan.bytes_to_read for source in sources.values() for scan in scans_of(source)),
            age_seconds=self._age_seconds(bound),
            partial=any(table.access for table in bound.tables),
            held=self._held(sources),
        )

    def _age_seconds(self, bound: Bound) -> float | None:
        """The seconds since the newest write of the tables of which the newest version is read; None: of none is."""
        newest = {relation.id for relation in bound.relations if relation.at is None}
        written = [
            table.snapshot.committed_at_us
            for number, tables in bound.opened.items()
            if number in newest
            for table in tables
        ]
        return (self._clock.now_us() - max(written)) / 1_000_000 if written else None


def _wish_of_tables(bound: Bound) -> Wish | None:
    """The engine that the tables name, if those that name one agree. It is not told which, as a view may read them."""
    names = {table.snapshot.definition.engine for table in bound.tables} - {""}
    if len(names) != 1:
        return None
    engine = EngineName(names.pop())
    return Wish(engine, f"The engine of what the query reads is set to {engine.upper()}.")
