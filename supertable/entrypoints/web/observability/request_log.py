"""Around everything, addresses that do not exist too: each request has an id, is counted, timed and logged.

Litestar runs its own middleware only where a route was found.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Iterable
from typing import Any

import structlog
from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from opentelemetry import trace

from supertable.application import audit_recorder as auditing
from supertable.entrypoints.web.observability import metrics

REQUEST_ID = "X-Request-Id"
_LOG = structlog.get_logger("supertable.api")
_ALLOWED_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_QUIET = frozenset({"/healthz", "/readyz", "/metrics"})
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def request_id(scope: Scope) -> str:
    return str(scope["state"].get("request_id", ""))


class RequestLogMiddleware:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        id_ = _id(scope["headers"])
        scope.setdefault("state", {})["request_id"] = id_
        auditing.request_id.set(id_)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=id_)
        seen = _Seen(scope, id_)
        started = time.perf_counter()
        metrics.IN_FLIGHT.inc()
        try:
            await self._app(scope, receive, seen.sending(send))
        except Exception:
            seen.status = "broken off"
            _LOG.exception("an answer was broken off")
            raise
        finally:
            metrics.IN_FLIGHT.dec()
            _tell(scope, seen.status, time.perf_counter() - started)


class _Seen:
    """What became of a request. `status`: as text; empty while nothing was answered."""

    def __init__(self, scope: Scope, id_: str) -> None:
        self.status = ""
        self._scope = scope
        self._id = id_

    def sending(self, send: Send) -> Send:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.status = str(message["status"])
                _name_span(self._scope, self._id)
                headers = MutableScopeHeaders.from_message(message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                headers[REQUEST_ID] = self._id
            await send(message)

        return sent


def _id(headers: Iterable[tuple[bytes, bytes]]) -> str:
    given = next((value for name, value in headers if name == b"x-request-id"), b"")
    return given.decode() if _ALLOWED_ID.fullmatch(given) else uuid.uuid4().hex


def _name_span(scope: Scope, id_: str) -> None:
    """By now the route is known, and the trace's span has not ended."""
    span = trace.get_current_span()
    route = str(scope.get("path_template", "none"))
    span.update_name(f"{scope.get('method', 'WEBSOCKET')} {route}")
    span.set_attributes({"http.route": route, "supertable.request_id": id_})


def _tell(scope: Scope, status: str, seconds: float) -> None:
    method = str(scope.get("method", "WEBSOCKET"))
    route = str(scope.get("path_template", "none"))
    if scope["type"] == ScopeType.HTTP:
        known = method if method in _METHODS else "other"
        metrics.REQUESTS.labels(known, route, status or "none").inc()
        metrics.SECONDS.labels(known, route).observe(seconds)
    said: dict[str, Any] = {"method": method, "path": scope["path"], "status": status, "seconds": round(seconds, 6)}
    session = scope.get("user")
    if session is not None:
        said |= {"user": session.user, "role": session.role}
    level = _LOG.debug if route in _QUIET else _LOG.info
    level("request", **said)
