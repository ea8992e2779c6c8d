"""Executors, which services use in place of the engine in their own process."""

from __future__ import annotations

from supertable.adapters.engines.executors import ExecutorEngine, ExecutorPool, ExecutorRowFinder, Turns
from supertable.application.ports.engines.row_finders import RowFinder
from supertable.application.storage.cached_files import CachedFiles
from supertable.application.storage.local_files import LocalFiles
from supertable.config.backends import executors as backend
from supertable.config.settings.settings import Settings
from supertable.config.typed_providers import provided, singleton
from supertable.config.wiring.engines.in_process import duckdb_engine, duckdb_finder
from supertable.config.wiring.foundation.storage import settings, store, vectors


def _row_finder(
    *,
    finder: RowFinder,
    pool: ExecutorPool,
    turns: Turns,
    stored: LocalFiles | CachedFiles,
    settings: Settings,
) -> ExecutorRowFinder:
    return ExecutorRowFinder(finder, pool, turns, stored, settings.query_timeout_seconds)


executor_pool = singleton(backend.executor_pool, settings=provided(settings), store=provided(store))
executor_files = singleton(
    backend.executor_files, settings=provided(settings), store=provided(store), vectors=provided(vectors)
)
turns = singleton(backend.turns, settings=provided(settings))
executor_engine = singleton(
    ExecutorEngine,
    engine=provided(duckdb_engine),
    pool=provided(executor_pool),
    turns=provided(turns),
    stored=provided(executor_files),
)
executor_finder = singleton(
    _row_finder,
    finder=provided(duckdb_finder),
    pool=provided(executor_pool),
    turns=provided(turns),
    stored=provided(executor_files),
    settings=provided(settings),
)
