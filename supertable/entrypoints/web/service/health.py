"""`/healthz` and `/readyz`: whether the service can answer. They need no token, so they report nothing else."""

from __future__ import annotations

from litestar import MediaType, Response, get

from supertable.config.container import Container
from supertable.domain.errors import Unavailable
from supertable.entrypoints.web.control_threads import in_control_thread
from supertable.entrypoints.web.service.dependencies import InjectedContainer, InjectedShutdown


@get(
    "/healthz",
    media_type=MediaType.TEXT,
    tags=["health"],
    summary="Check health",
    security=[{}],
)
async def healthz(container: InjectedContainer) -> Response[str]:
    """Check that the catalog and the object store answer.

    Returns 200 with `ok`, or 503 with the name of the one that does not answer. If the disk of the audit journal cannot
    be written, it returns 200 with the reason, since a restart would not help. Needs no token.
    """
    if unresponsive := await in_control_thread(_unresponsive, container):
        return _response(unresponsive)
    return Response(await in_control_thread(_unrecorded, container) or "ok")


@get(
    "/readyz",
    media_type=MediaType.TEXT,
    tags=["health"],
    summary="Check readiness",
    security=[{}],
)
async def readyz(container: InjectedContainer, shutdown: InjectedShutdown) -> Response[str]:
    """Check that the service takes new requests.

    Returns what `/healthz` returns, and 503 with the reason if the disk of the audit journal cannot be written or the
    clock is too far ahead (`SUPERTABLE_MAX_CLOCK_SKEW_SEC`), or with `stopping` once the service stops. Needs no token.
    """
    if shutdown.begun:
        return Response("stopping", status_code=503)
    return _response(await in_control_thread(_unresponsive, container) or await in_control_thread(_trouble, container))


def _unresponsive(container: Container) -> str:
    name = container.check_health()(container.settings().organization)
    return f"{name} does not answer" if name else ""


def _trouble(container: Container) -> str:
    if unrecorded := _unrecorded(container):
        return unrecorded
    try:
        return container.commit_clock().trouble()
    except Unavailable:
        return "object store does not answer"


def _unrecorded(container: Container) -> str:
    trouble = container.audit().trouble(container.settings().organization)
    return f"actions cannot be recorded: {trouble}" if trouble else ""


def _response(trouble: str) -> Response[str]:
    return Response(trouble, status_code=503) if trouble else Response("ok")


HANDLERS = (healthz, readyz)
