"""The container of a service: callers' SQL runs within bounds, in executors."""

from __future__ import annotations

from dependency_injector import providers

from supertable.config.backends.executors import executor_count
from supertable.config.container import Container
from supertable.config.settings.settings import Settings


def service_container(settings: Settings) -> Container:
    """A container whose queries have a longest time, and whose engine and row finder use executors, unless the settings
    say that there are none."""
    container = Container(settings=settings)
    container.max_query_seconds.override(providers.Object(settings.max_query_seconds))
    if executor_count(settings):
        container.engine.override(container.executor_engine)
        container.pro_engine.override(container.executor_pro_engine)
        container.finder.override(container.executor_finder)
    return container
