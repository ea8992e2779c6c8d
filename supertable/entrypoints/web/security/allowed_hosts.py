"""The host names that requests may be addressed to.

This stops DNS rebinding: a page under another host name that resolves to this service gets no answer.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

from litestar.connection import ASGIConnection
from litestar.exceptions import HTTPException
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send


class AllowedHosts(ASGIMiddleware):
    """Refuses requests whose `Host` matches none of the `patterns`, like `*.example.com`, with 421."""

    def __init__(self, patterns: list[str]) -> None:
        self._patterns = [pattern.lower().replace("[", "[[]") for pattern in patterns]  # [::1] matches itself

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        host = ASGIConnection[Any, Any, Any, Any](scope).headers.get("Host", "").lower()
        name = host if host.endswith("]") else host.rpartition(":")[0] or host
        if not any(fnmatchcase(name, pattern) for pattern in self._patterns):
            raise HTTPException("This service does not answer under that host name.", status_code=421)
        await next_app(scope, receive, send)
