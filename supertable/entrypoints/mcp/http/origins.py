"""Which hosts and which web pages may call the server: no page that a browser happens to show (DNS rebinding)."""

from __future__ import annotations

from urllib.parse import urlsplit

from litestar.config.cors import CORSConfig

from supertable.config.settings.service import listed
from supertable.config.settings.settings import Settings
from supertable.entrypoints.web.security.authentication import ORGANIZATION_HEADER
from supertable.entrypoints.web.security.credentials import ROLE_HEADER

_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_REQUEST_HEADERS = ["Authorization", "Content-Type", "Accept", "Last-Event-ID", ORGANIZATION_HEADER, ROLE_HEADER]
_PROTOCOL_HEADERS = ["Mcp-Session-Id", "Mcp-Protocol-Version", "Mcp-Method", "Mcp-Name"]


def allowed_hosts(settings: Settings) -> str:
    """The hosts of the setting; where it allows any and the server listens on this machine only, those of it."""
    if settings.allowed_hosts == "*" and _is_local(settings.mcp_http_host):
        return ",".join(_LOOPBACK)
    return settings.allowed_hosts


class Origins:
    """Pages of the origins of the setting may call; and those of this machine, where the server serves only that."""

    def __init__(self, settings: Settings) -> None:
        self._named = frozenset(origin.lower().rstrip("/") for origin in listed(settings.mcp_origins))
        self._local = _is_local(settings.mcp_http_host)

    def allow(self, origin: str | None) -> bool:
        """Whether a request may come from there; None: it comes from no page."""
        if origin is None or origin.lower() in self._named:
            return True
        try:
            host = urlsplit(origin).hostname
        except ValueError:
            return False
        return self._local and host in {"127.0.0.1", "localhost", "::1"}

    def cors(self) -> CORSConfig | None:
        if not self._named:
            return None
        headers = [*_REQUEST_HEADERS, *_PROTOCOL_HEADERS]
        return CORSConfig(allow_origins=sorted(self._named), allow_headers=headers, expose_headers=_PROTOCOL_HEADERS)


def _is_local(host: str) -> bool:
    return host == "::1" or host in _LOOPBACK
