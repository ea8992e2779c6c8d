"""Executors, which services use in place of the engine in their own process."""

from __future__ import annotations

from supertable.adapters.engines.duckdb import DuckDBInstance
from supertable.adapters.engines.executors import (
    ExecutorEngine,
    ExecutorPool,
    ExecutorProEngine,
    ExecutorRowFinder,
    Turns,
)
from supertable.adapters.engines.pro import Keeper
from supertable.application.ports.engines.row_finders import RowFinder
from supertable.application.storage.files.cached_files import CachedFiles
from supertable.application.storage.files.local_files import LocalFiles
from supertable.config.backends import executors as backend
from supertable.config.backends.pro_cache import pro_options
from supertable.config.settings.settings import Settings
from supertable.config.typed_providers import provided, singleton
from supertable.config.wiring.engines.in_process import duckdb, duckdb_engine, duckdb_finder, stored_files
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


def _pro_engine(
    *, settings: Settings, lite: ExecutorEngine, source: DuckDBInstance, stored: LocalFiles | CachedFiles
) -> ExecutorProEngine:
    return ExecutorProEngine(lite, Keeper(source, stored, pro_options(settings, publishes=True)))


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
executor_pro_engine = singleton(
    _pro_engine,
    settings=provided(settings),
    lite=provided(executor_engine),
    source=provided(duckdb),
    stored=provided(stored_files),
)
executor_finder = singleton(
    _row_finder,
    finder=provided(duckdb_finder),
    pool=provided(executor_pool),
    turns=provided(turns),
    stored=provided(executor_files),
    settings=provided(settings),
)
