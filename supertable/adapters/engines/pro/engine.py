"""The Pro engine: statements over generations, or over files, as Lite runs them, where there is none of the version."""

from __future__ import annotations

from supertable.adapters.engines.duckdb import DuckDBEngine, DuckDBInstance
from supertable.adapters.engines.duckdb.statement.checked_statement import DuckDBStatement
from supertable.adapters.engines.pro.counts import held_count
from supertable.adapters.engines.pro.keeper import Keeper
from supertable.adapters.engines.pro.options import ProOptions
from supertable.adapters.engines.pro.plans import NO_PLACE, NOT_KEPT, instead, plan_of
from supertable.adapters.engines.pro.pro_query import ProRun
from supertable.application.ports.engines.engine import RunsEverything
from supertable.application.ports.engines.file_sources import FileSource
from supertable.application.ports.engines.parsed_statements import Parameters, Statement
from supertable.application.ports.engines.running_queries import Limits, RunningQuery
from supertable.application.ports.engines.sources import Scans


class ProEngine(RunsEverything):
    """Runs the checked statements of `lite`. It keeps what they read as long as its budget allows."""

    name = "pro"

    def __init__(self, lite: DuckDBEngine, source: DuckDBInstance, stored: FileSource, options: ProOptions) -> None:
        """`source`: the instance that reads data files."""
        self._lite = lite
        self.keeper = Keeper(source, stored, options)

    def run(self, statement: Statement, scans: Scans, parameters: Parameters, limits: Limits) -> RunningQuery:
        assert isinstance(statement, DuckDBStatement)
        plan = plan_of(statement, scans)
        cache = self.keeper.cache() if plan is not None else None
        if plan is None or cache is None:
            running = self._lite.run(statement, scans, parameters, limits)
            running.instead = instead(NOT_KEPT if plan is None else NO_PLACE, scans)
            return running
        counted = held_count(self.keeper, plan, parameters, limits)
        if counted is not None:
            return counted
        return ProRun(cache, self._lite, plan, parameters, limits).query()

    def held(self, scans: Scans) -> bool:
        """See `Keeper.held`."""
        return self.keeper.held(scans)

    def unavailable(self) -> str:
        return self.keeper.unavailable()

    def close(self) -> None:
        self.keeper.close()
