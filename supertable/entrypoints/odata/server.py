"""Serving OData: `supertable serve odata`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from supertable.config.settings.settings import Settings
from supertable.entrypoints.web.service.server import serve

if TYPE_CHECKING:
    from litestar import Litestar


def serve_odata(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT. Raises `AddressInUse`."""
    serve(settings.odata_host, settings.odata_port, settings.odata_workers, settings, _load_app)


def _load_app(settings: Settings) -> Litestar:
    from supertable.config.service_container import service_container
    from supertable.entrypoints.odata.app import create_app
    from supertable.entrypoints.web.service.lifespans import worker_lifespan

    return create_app(service_container(settings), lifespan=[worker_lifespan])
