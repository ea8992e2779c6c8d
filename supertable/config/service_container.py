"""The container of a service: callers' SQL runs in executors."""

from __future__ import annotations

from supertable.config.backends.executors import executor_count
from supertable.config.container import Container
from supertable.config.settings.settings import Settings


def service_container(settings: Settings) -> Container:
    """A container whose engine and row finder use executors, unless the settings say that there are none."""
    container = Container(settings=settings)
    if executor_count(settings):
        container.engine.override(container.executor_engine)
        container.finder.override(container.executor_finder)
    return container
