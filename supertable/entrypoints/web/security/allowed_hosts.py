"""The host names that requests may be addressed to.

This stops DNS rebinding: a page under another host name that resolves to this service gets no answer.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import lru_cache

from litestar.exceptions import HTTPException
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send


class AllowedHosts(ASGIMiddleware):
    """Refuses requests whose `Host` matches none of the `patterns`, like `*.example.com`, with 421."""

    def __init__(self, patterns: list[str]) -> None:
        self._patterns = [pattern.lower().replace("[", "[[]") for pattern in patterns]  # [::1] matches itself
        self._is_allowed = lru_cache(1024)(self._matches)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        if not self._is_allowed(next((value for name, value in scope["headers"] if name == b"host"), b"")):
            raise HTTPException("This service does not answer under that host name.", status_code=421)
        await next_app(scope, receive, send)

    def _matches(self, given: bytes) -> bool:
        host = given.decode("latin-1").lower()
        name = host if host.endswith("]") else host.rpartition(":")[0] or host
        return any(fnmatchcase(name, pattern) for pattern in self._patterns)
