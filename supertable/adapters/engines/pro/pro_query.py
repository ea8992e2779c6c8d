"""A run of a statement over generations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import duckdb
import pyarrow as pa

from supertable.adapters.engines.duckdb import DuckDBEngine, DuckDBInstance
from supertable.adapters.engines.duckdb.errors import ErrorContext
from supertable.adapters.engines.duckdb.running_query import DuckDBQuery, Steps, streamed
from supertable.adapters.engines.pro.cache import Cache
from supertable.adapters.engines.pro.generations.generation import Generation
from supertable.adapters.engines.pro.keeper import held_generations, sources_sql
from supertable.adapters.engines.pro.plans import NOT_HELD, Plan, instead
from supertable.adapters.engines.pro.task import Task
from supertable.application.ports.engines.running_queries import Limits, Stopped


class ProRun:
    """It begins over generations that have exactly the versions which the statement is bound to; else by `lite`."""

    def __init__(
        self,
        cache: Cache,
        lite: DuckDBEngine,
        plan: Plan,
        parameters: Sequence[Any] | Mapping[str, Any],
        limits: Limits,
    ) -> None:
        self._cache = cache
        self._lite = lite
        self._plan = plan
        self._parameters = parameters
        self._limits = limits
        self._island = cache.island(plan.island)
        self._held = ExitStack()
        self._task = Task(lambda: False)
        self._instead = ""

    def query(self) -> DuckDBQuery:
        steps = Steps(self._begin, self._task.interrupt, self._held.close, lambda: self._instead)
        return DuckDBQuery(self._island.instance.cursor(), steps, self._errors(), self._limits)

    def _begin(self, cursor: duckdb.DuckDBPyConnection, stopped: Stopped) -> pa.RecordBatchReader:
        self._task.stopped = stopped
        found = held_generations(self._cache, self._island, self._plan, self._task, self._held)
        started = self._started(cursor, found) if found is not None else None
        if started is not None:
            return started
        self._instead = instead(NOT_HELD, self._plan.scans)
        query = self._lite.run(self._plan.statement, self._plan.scans, self._parameters, self._limits)
        self._held.callback(query.close)
        self._held.enter_context(self._task.interruptible(query.cancel))
        return query.reader

    def _started(
        self, cursor: duckdb.DuckDBPyConnection, found: Mapping[int, Generation]
    ) -> pa.RecordBatchReader | None:
        """The statement's rows from the generations. None: one of them has moved on, or the statement has an error,
        which Lite knows better how to tell.

        A transaction sees each database as it is when it first asks for something there, so it asks for the tables
        while none can move.
        """
        plan = self._plan
        with self._island.lock:
            if any(found[n].version != read.scan.version for n, read in plan.reads.items()):
                return None
            cursor.begin()
            for generation in found.values():
                cursor._table_kind((generation.name, "main", "t"))
        try:
            return streamed(cursor, plan.statement.sql(sources_sql(plan, found)), self._parameters)
        except (duckdb.BinderException, duckdb.CatalogException):
            return None

    def _errors(self) -> ErrorContext:
        plan = self._plan
        return island_errors(
            self._island.instance, self._island.abandon, plan.statement.names, plan.governed, plan.columns
        )


def island_errors(
    instance: DuckDBInstance,
    abandon: Callable[[], None],
    names: Mapping[str, str],
    governed: bool,
    columns: tuple[str, ...],
) -> ErrorContext:
    """The context for errors of a statement over generations, where no object is read."""
    return ErrorContext(
        keys=dict,
        names=names,
        memory_limit=instance.memory_limit,
        abandon=abandon,
        damage=lambda: None,
        failure=lambda: None,
        exists=lambda key: False,
        quotes_values=not governed,
        columns=columns,
    )
