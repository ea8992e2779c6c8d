"""An engine of another name, beside the one of the lake."""

from __future__ import annotations

from dependency_injector import providers

from supertable.application.ports.engines.engine import Engine, RunsEverything
from supertable.application.ports.engines.parsed_statements import Parameters, Statement
from supertable.application.ports.engines.running_queries import Limits, RunningQuery
from supertable.application.ports.engines.sources import Scans
from supertable.application.queries.engines import Engines
from supertable.config.container import Container
from supertable.domain.engine_choice import EngineLimits, EngineName


class OtherEngine(RunsEverything):
    """Runs statements by the lake's own engine, and counts them. `away`, `holds`: what it says of itself. `instead`:
    why LITE answers in its place."""

    def __init__(self, name: str, engine: Engine) -> None:
        self.name = name
        self.away = ""
        self.holds = False
        self.instead = ""
        self.runs = 0
        self.asked: list[Scans] = []
        self._engine = engine

    def unavailable(self) -> str:
        return self.away

    def held(self, scans: Scans) -> bool:
        self.asked.append(scans)
        return self.holds

    def run(self, statement: Statement, scans: Scans, parameters: Parameters, limits: Limits) -> RunningQuery:
        self.runs += 1
        running = self._engine.run(statement, scans, parameters, limits)
        running.instead = self.instead
        return running

    def close(self) -> None: ...


def with_pro(
    container: Container, limits: EngineLimits | None = None, default: EngineName = EngineName.AUTO
) -> OtherEngine:
    """Give the container an engine of the name `pro`, before it has run anything."""
    lite = container.engine()
    pro = OtherEngine("pro", lite)
    engines = Engines([lite, pro], limits or EngineLimits(), default, container.clock())
    container.engines.override(providers.Object(engines))
    return pro
