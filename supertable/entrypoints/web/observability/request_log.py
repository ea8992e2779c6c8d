"""Gives each request an id, and counts, times and logs it.

This wraps the whole application, because Litestar runs its own middleware only for known routes.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from functools import lru_cache
from secrets import token_hex
from typing import Any

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from opentelemetry import trace

from supertable.application import audit_recorder as auditing
from supertable.entrypoints.web.observability import metrics

REQUEST_ID_HEADER = "X-Request-Id"
_VALID_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_QUIET_ROUTES = frozenset({"/healthz", "/readyz", "/metrics"})
_REQUEST_ID = REQUEST_ID_HEADER.lower().encode()
_SECURITY_HEADERS = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
)


def request_id(scope: Scope) -> str:
    return str(scope["state"].get("request_id", ""))


class RequestLogMiddleware:
    """Also sets the security headers of every response."""

    def __init__(self, app: ASGIApp, logger: str) -> None:
        """`logger`: the name of the logger."""
        self._app = app
        self._log = structlog.get_logger(logger)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        id_ = _sent_or_new_id(scope["headers"])
        scope.setdefault("state", {})["request_id"] = id_
        auditing.request_id.set(id_)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=id_)
        outcome = _Outcome(scope, id_)
        path = scope["path"]  # a mounted application changes it
        started = time.perf_counter()
        metrics.IN_FLIGHT.inc()
        try:
            await self._app(scope, receive, outcome.recording(send))
        except Exception:
            outcome.status = "broken off"
            self._log.exception("a response was cut off")
            raise
        finally:
            metrics.IN_FLIGHT.dec()
            self._record(scope, path, outcome.status, time.perf_counter() - started)

    def _record(self, scope: Scope, path: str, status: str, seconds: float) -> None:
        method = str(scope.get("method", "WEBSOCKET"))
        route = str(scope.get("path_template", "none"))
        if scope["type"] == ScopeType.HTTP:
            known_method = method if method in _METHODS else "other"
            _requests(known_method, route, status or "none").inc()
            _seconds(known_method, route).observe(seconds)
        entry: dict[str, Any] = {"method": method, "path": path, "status": status}
        entry["seconds"] = round(seconds, 6)
        session = scope.get("user")
        if session is not None:
            entry |= {"user": session.user, "role": session.role}
        log = self._log.debug if route in _QUIET_ROUTES else self._log.info
        log("request", **entry)


class _Outcome:
    """The outcome of a request. `status`: the HTTP status as text; empty until a response starts."""

    def __init__(self, scope: Scope, id_: str) -> None:
        self.status = ""
        self._scope = scope
        self._id = id_

    def recording(self, send: Send) -> Send:
        """`send`, recording the status and adding headers."""

        async def record_and_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.status = str(message["status"])
                _name_span(self._scope, self._id)
                headers = list(message.get("headers", ()))
                given = {name.lower() for name, _ in headers}
                message["headers"] = [
                    *(header for header in headers if header[0].lower() != _REQUEST_ID),
                    *(header for header in _SECURITY_HEADERS if header[0] not in given),
                    (_REQUEST_ID, self._id.encode()),
                ]
            await send(message)

        return record_and_send


_requests, _seconds = lru_cache(4096)(metrics.REQUESTS.labels), lru_cache(4096)(metrics.SECONDS.labels)
"""Looking the labels up takes longer than counting."""


def _sent_or_new_id(headers: Iterable[tuple[bytes, bytes]]) -> str:
    given = next((value for name, value in headers if name == b"x-request-id"), b"")
    return given.decode() if _VALID_ID.fullmatch(given) else token_hex(16)


def _name_span(scope: Scope, id_: str) -> None:
    """Called at the start of the response: the route is known by then, and the span has not ended."""
    span = trace.get_current_span()
    if not span.is_recording():
        return
    route = str(scope.get("path_template", "none"))
    span.update_name(f"{scope.get('method', 'WEBSOCKET')} {route}")
    span.set_attributes({"http.route": route, "supertable.request_id": id_})
