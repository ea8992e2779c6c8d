"""Executors, which services use in place of the engine in their own process.

Other processes have no use for them, so that they are imported when the first part is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from supertable.adapters.engines.duckdb import DuckDBEngine, DuckDBInstance
from supertable.application.ports.engines.row_finders import RowFinder
from supertable.application.ports.object_stores import ObjectStore
from supertable.application.storage.deletion_vectors import DeletionVectors
from supertable.application.storage.files.cached_files import CachedFiles
from supertable.application.storage.files.local_files import LocalFiles
from supertable.config.settings.settings import Settings
from supertable.config.typed_providers import provided, singleton
from supertable.config.wiring.engines.in_process import duckdb, duckdb_engine, duckdb_finder, stored_files
from supertable.config.wiring.foundation.storage import settings, store, vectors

if TYPE_CHECKING:
    from supertable.adapters.engines.executors import (
        ExecutorEngine,
        ExecutorPool,
        ExecutorProEngine,
        ExecutorRowFinder,
        Turns,
    )


def _executor_pool(*, settings: Settings, store: ObjectStore) -> ExecutorPool:
    from supertable.config.backends import executors

    return executors.executor_pool(settings, store)


def _executor_files(*, settings: Settings, store: ObjectStore, vectors: DeletionVectors) -> LocalFiles | CachedFiles:
    from supertable.config.backends import executors

    return executors.executor_files(settings, store, vectors)


def _turns(*, settings: Settings) -> Turns:
    from supertable.config.backends import executors

    return executors.turns(settings)


def _executor_engine(
    *, engine: DuckDBEngine, pool: ExecutorPool, turns: Turns, stored: LocalFiles | CachedFiles
) -> ExecutorEngine:
    from supertable.adapters.engines.executors import ExecutorEngine

    return ExecutorEngine(engine, pool, turns, stored)


def _row_finder(
    *,
    finder: RowFinder,
    pool: ExecutorPool,
    turns: Turns,
    stored: LocalFiles | CachedFiles,
    settings: Settings,
) -> ExecutorRowFinder:
    from supertable.adapters.engines.executors import ExecutorRowFinder

    return ExecutorRowFinder(finder, pool, turns, stored, settings.query_timeout_seconds)


def _pro_engine(
    *, settings: Settings, lite: ExecutorEngine, source: DuckDBInstance, stored: LocalFiles | CachedFiles
) -> ExecutorProEngine:
    from supertable.adapters.engines.executors import ExecutorProEngine
    from supertable.adapters.engines.pro import Keeper
    from supertable.config.backends.pro_cache import pro_options

    return ExecutorProEngine(lite, Keeper(source, stored, pro_options(settings, publishes=True)))


executor_pool = singleton(_executor_pool, settings=provided(settings), store=provided(store))
executor_files = singleton(
    _executor_files, settings=provided(settings), store=provided(store), vectors=provided(vectors)
)
turns = singleton(_turns, settings=provided(settings))
executor_engine = singleton(
    _executor_engine,
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
