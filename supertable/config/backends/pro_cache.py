"""What the Pro engine may use of this machine."""

from __future__ import annotations

from supertable.adapters.engines.pro import ProOptions
from supertable.config.settings.pro import ProPlace
from supertable.config.settings.settings import Settings


def pro_options(settings: Settings, publishes: bool = False) -> ProOptions:
    on_disk = settings.pro_cache_in is ProPlace.DISK
    return ProOptions(
        cache_bytes=settings.pro_cache_bytes,
        folder=settings.folder("pro-cache") if on_disk else None,
        memory_limit=settings.duckdb_memory_limit,
        threads=settings.duckdb_threads,
        temp_directory=settings.folder("temporary"),
        publishes=publishes,
    )
