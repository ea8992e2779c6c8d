"""Whether the service can answer. Open to anyone, so it tells nothing but that."""

from __future__ import annotations

from litestar import MediaType, Response, get

from supertable.entrypoints.web.dependencies import Services, Stop


@get("/healthz", media_type=MediaType.TEXT, sync_to_thread=True, tags=["health"], security=[{}])
def healthz(container: Services) -> Response[str]:
    """Whether the catalog and the object store answer."""
    return _told(container.check_health()(container.settings().organization))


@get("/readyz", media_type=MediaType.TEXT, sync_to_thread=True, tags=["health"], security=[{}])
def readyz(container: Services, stopping: Stop) -> Response[str]:
    """The same, and whether new requests are welcome: not while the service stops."""
    if stopping.begun:
        return Response("stopping", status_code=503)
    return _told(container.check_health()(container.settings().organization))


def _told(silent: str) -> Response[str]:
    return Response(f"{silent} does not answer" if silent else "ok", status_code=503 if silent else 200)


HANDLERS = (healthz, readyz)
