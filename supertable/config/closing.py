"""Closing a container's parts."""

from __future__ import annotations

from typing import NoReturn

from dependency_injector import providers

from supertable.config.container import Container
from supertable.domain.errors import Closed


def close(container: Container) -> None:
    """Finish the commits that writes wait for, then free the engines and the catalog. Everything else is cancelled."""
    container.group_commit().close()
    container.token_last_use().close()
    container.background_audit_export().close()
    container.engines().close()
    container.leases().close()
    container.catalog().close()


def refuse(container: Container, message: str) -> None:
    """Let every part but the settings raise `Closed` from now on, when it is asked for."""

    def closed() -> NoReturn:
        raise Closed(message)

    for name, provider in container.providers.items():
        if name != "settings":
            provider.override(providers.Callable(closed))
