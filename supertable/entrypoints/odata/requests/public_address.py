"""The address under which a client reaches the service, for the absolute links in answers."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address, ip_network

from supertable.config.settings.service import listed
from supertable.config.settings.settings import Settings

ROOT = "/odata"


def base_address(settings: Settings, headers: Mapping[str, str], client: str | None, scheme: str) -> str:
    """`https://data.example.com/odata`: the setting, or what the request says.

    `client`: the address of the peer. `X-Forwarded-Proto`, `-Host` and `-Prefix` count where it is a trusted proxy.
    """
    if settings.odata_public_url:
        return settings.odata_public_url.rstrip("/") + ROOT
    host, prefix = headers.get("host", "localhost"), ""
    if _is_trusted(client, listed(settings.trusted_proxies)):
        scheme = _first(headers, "x-forwarded-proto") or scheme
        host = _first(headers, "x-forwarded-host") or host
        prefix = _first(headers, "x-forwarded-prefix").rstrip("/")
    return f"{scheme}://{host}{prefix}{ROOT}"


def _is_trusted(client: str | None, proxies: list[str]) -> bool:
    if not client or not proxies:
        return False
    try:
        address = ip_address(client)
    except ValueError:
        return False
    return any(address in ip_network(each, strict=False) for each in proxies)


def _first(headers: Mapping[str, str], name: str) -> str:
    """The first of the values that proxies have joined; empty: none."""
    return headers.get(name, "").split(",")[0].strip()
