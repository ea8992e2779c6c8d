"""Proxies whose word counts about who the client is, and by which address it came."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

from supertable.config.settings.service import listed
from supertable.config.settings.settings import Settings
from supertable.entrypoints.web.security.credentials import Connection


def is_trusted_proxy(address: str | None, settings: Settings) -> bool:
    """Whether the peer at `address` is one of `SUPERTABLE_TRUSTED_PROXIES`."""
    proxies = listed(settings.trusted_proxies)
    if not address or not proxies:
        return False
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return any(found in ip_network(each, strict=False) for each in proxies)


def client_address(connection: Connection, settings: Settings) -> str:
    """The address of the client: that of the peer, or the last one that trusted proxies report."""
    address = connection.client.host if connection.client else "nowhere"
    reported = [each.strip() for each in connection.headers.get("X-Forwarded-For", "").split(",") if each.strip()]
    while reported and is_trusted_proxy(address, settings):
        address = reported.pop()
    return address
