"""A lake whose statements run on the Pro engine, and what it holds."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from supertable import Lake
from supertable.adapters.engines.pro import ProEngine
from supertable.adapters.engines.pro.generations.generation import Generation
from supertable.config.container import Container
from supertable.config.settings.settings import load_settings
from supertable.domain.access.sessions import owner


def pro_lake(home: Path, **settings: Any) -> Lake:
    """The owner's lake, with other settings than the defaults. Every query runs on an engine."""
    settings = {"result_cache_bytes": 0, **settings}
    return Lake(Container(settings=load_settings(home=home, **settings)), "main", owner("default"), is_owner=True)


def engine(lake: Lake) -> ProEngine:
    found = lake._container.pro_engine()
    assert isinstance(found, ProEngine)
    return found


def rows(lake: Lake, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Pro's answer."""
    table = lake.sql(sql, parameters, engine="pro").arrow()
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


def holds(lake: Lake, sql: str) -> bool:
    """Whether Pro has generations of all that the statement reads."""
    prepared = lake._container.run_query().prepare(lake._namespace, sql)
    prepared.lease.close()
    return engine(lake).held(prepared.sources)


def merged(lake: Lake, sql: str) -> list[tuple[Any, ...]]:
    """Pro's answer once nothing is to be merged."""
    deadline = time.monotonic() + 20
    while True:
        found = rows(lake, sql)
        if engine(lake).keeper.settled():
            return found
        assert time.monotonic() < deadline, "nothing was merged"
        time.sleep(0.02)


def generations(lake: Lake) -> list[Generation]:
    """All that Pro keeps, the least recently used first."""
    cache = engine(lake).keeper._cache
    return [] if cache is None else [one.generation for one in cache._relations.values() if one.generation is not None]
