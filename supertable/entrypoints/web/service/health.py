"""`/healthz` and `/readyz`: whether the service can answer. They need no token, so they report nothing else."""

from __future__ import annotations

from litestar import MediaType, Response, get

from supertable.entrypoints.web.service.dependencies import InjectedContainer, InjectedShutdown


@get(
    "/healthz",
    media_type=MediaType.TEXT,
    sync_to_thread=True,
    tags=["health"],
    summary="Check health",
    security=[{}],
)
def healthz(container: InjectedContainer) -> Response[str]:
    """Check that the catalog and the object store answer.

    Returns 200 with `ok`, or 503 with the name of the one that does not answer. Needs no token.
    """
    return _health_response(container.check_health()(container.settings().organization))


@get(
    "/readyz",
    media_type=MediaType.TEXT,
    sync_to_thread=True,
    tags=["health"],
    summary="Check readiness",
    security=[{}],
)
def readyz(container: InjectedContainer, shutdown: InjectedShutdown) -> Response[str]:
    """Check that the service takes new requests.

    Returns what `/healthz` returns, and 503 with `stopping` once the service stops. Needs no token.
    """
    if shutdown.begun:
        return Response("stopping", status_code=503)
    return _health_response(container.check_health()(container.settings().organization))


def _health_response(unresponsive: str) -> Response[str]:
    """`unresponsive`: the name of what does not answer; empty if all answer."""
    if unresponsive:
        return Response(f"{unresponsive} does not answer", status_code=503)
    return Response("ok")


HANDLERS = (healthz, readyz)
