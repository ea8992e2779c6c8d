"""The end of what a container made."""

from __future__ import annotations

from supertable.config.container import Container


def close(container: Container) -> None:
    """Free the engine and the catalog. What is still read or written stops."""
    container.token_uses().close()
    container.engine().close()
    container.leases().close()
    container.catalog().close()
