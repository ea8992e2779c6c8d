"""All engines of the process, which queries choose from."""

from __future__ import annotations

from supertable.application.ports.clocks import Clock
from supertable.application.ports.engines.engine import Engine
from supertable.application.queries.engines import Engines
from supertable.config.settings.settings import Settings
from supertable.config.typed_providers import provided, singleton
from supertable.config.wiring.engines.in_process import engine, pro_engine
from supertable.config.wiring.foundation.storage import clock, settings
from supertable.domain.engine_choice import EngineLimits


def _engines(*, lite: Engine, pro: Engine, settings: Settings, clock: Clock) -> Engines:
    limits = EngineLimits(
        settings.engine_lite_max_bytes, settings.engine_spark_min_bytes, settings.engine_freshness_seconds
    )
    return Engines([pro, lite], limits, settings.default_engine, clock)


engines = singleton(
    _engines, lite=provided(engine), pro=provided(pro_engine), settings=provided(settings), clock=provided(clock)
)
