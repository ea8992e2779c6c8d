"""Closing a container's parts."""

from __future__ import annotations

from supertable.config.container import Container


def close(container: Container) -> None:
    """Finish the commits that writes wait for, then free the engine and the catalog. Everything else is cancelled."""
    container.group_commit().close()
    container.token_last_use().close()
    container.background_audit_export().close()
    container.engine().close()
    container.leases().close()
    container.catalog().close()
