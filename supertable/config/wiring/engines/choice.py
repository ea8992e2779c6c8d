"""All engines of the process, which queries choose from."""

from __future__ import annotations

from supertable.application.ports.clocks import Clock
from supertable.application.ports.engines.engine import Engine
from supertable.application.ports.object_stores import ObjectStore
from supertable.application.queries.engines import Engines
from supertable.application.storage.files.cached_files import CachedFiles
from supertable.application.storage.files.local_files import LocalFiles
from supertable.config.settings.settings import Settings
from supertable.config.typed_providers import provided, singleton
from supertable.config.wiring.engines.in_process import engine, pro_engine, stored_files
from supertable.config.wiring.foundation.storage import clock, settings, store
from supertable.domain.engine_choice import EngineLimits


def _spark_engine(
    *, lite: Engine, store: ObjectStore, stored: LocalFiles | CachedFiles, settings: Settings
) -> Engine | None:
    """None: no cluster is configured. Its modules are imported only where one is."""
    if settings.spark_clusters is None or not settings.spark_clusters.get_secret_value().split():
        return None
    from supertable.adapters.engines.spark import SparkEngine
    from supertable.config.backends.spark_clusters import spark_options

    return SparkEngine(lite, store, stored, spark_options(settings))


def _engines(*, lite: Engine, pro: Engine, spark: Engine | None, settings: Settings, clock: Clock) -> Engines:
    limits = EngineLimits(
        settings.engine_lite_max_bytes, settings.engine_spark_min_bytes, settings.engine_freshness_seconds
    )
    return Engines([pro, lite, *([spark] if spark else [])], limits, settings.default_engine, clock)


spark_engine = singleton(
    _spark_engine,
    lite=provided(engine),
    store=provided(store),
    stored=provided(stored_files),
    settings=provided(settings),
)
engines = singleton(
    _engines,
    lite=provided(engine),
    pro=provided(pro_engine),
    spark=provided(spark_engine),
    settings=provided(settings),
    clock=provided(clock),
)
