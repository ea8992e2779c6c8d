"""The Pro engine over executors: the service keeps the rows, as files, and executors run statements over them."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace

from supertable.adapters.engines.duckdb.statement.checked_statement import DuckDBStatement
from supertable.adapters.engines.executors.engine import ExecutorEngine, ExecutorQuery, ExecutorStatement
from supertable.adapters.engines.executors.messages.requests import RunStatement
from supertable.adapters.engines.executors.work import Work
from supertable.adapters.engines.pro import NOT_HELD, NOT_KEPT, Keeper, Plan, held_count, instead, plan_of, publication
from supertable.application.ports.engines.engine import RunsEverything
from supertable.application.ports.engines.parsed_statements import Parameters, Statement
from supertable.application.ports.engines.running_queries import Limits, RunningQuery
from supertable.application.ports.engines.sources import Scans


class ExecutorProEngine(RunsEverything):
    name = "pro"

    def __init__(self, lite: ExecutorEngine, keeper: Keeper) -> None:
        self._lite = lite
        self.keeper = keeper

    def run(self, statement: Statement, scans: Scans, parameters: Parameters, limits: Limits) -> RunningQuery:
        assert isinstance(statement, ExecutorStatement)
        assert isinstance(statement.checked, DuckDBStatement)
        plan = plan_of(statement.checked, scans)
        if plan is None:
            running = self._lite.run(statement, scans, parameters, limits)
            running.instead = instead(NOT_KEPT, scans)
            return running
        counted = held_count(self.keeper, plan, parameters, limits)
        if counted is not None:
            return counted
        work, request = self._lite.prepared(statement, scans, parameters, limits)
        return ProExecutorQuery(work, request, self.keeper, plan)

    def held(self, scans: Scans) -> bool:
        return self.keeper.held(scans)

    def unavailable(self) -> str:
        return self.keeper.unavailable()

    def close(self) -> None:
        self.keeper.close()


class ProExecutorQuery(ExecutorQuery):
    """A query in an executor, over what the service keeps if it has all that the query reads when that starts."""

    def __init__(self, work: Work, request: RunStatement, keeper: Keeper, plan: Plan) -> None:
        super().__init__(work, request)
        self._keeper = keeper
        self._plan = plan

    def _begin(self, request: RunStatement) -> None:
        held = ExitStack()
        self._work.at_end(held.close)
        try:
            published = publication(self._keeper, self._plan, lambda: self._work.cancelled, held)
            if published is None:
                self.instead = instead(NOT_HELD, self._plan.scans)
            super()._begin(replace(request, published=published))
        except BaseException:
            held.close()
            raise
