"""The address under which a client reaches the service, for the absolute links in answers."""

from __future__ import annotations

from collections.abc import Mapping

from supertable.config.settings.settings import Settings
from supertable.entrypoints.web.security.trusted_proxies import is_trusted_proxy

ROOT = "/odata"


def base_address(settings: Settings, headers: Mapping[str, str], client: str | None, scheme: str) -> str:
    """`https://data.example.com/odata`: the setting, or what the request says.

    `client`: the address of the peer. `X-Forwarded-Proto`, `-Host` and `-Prefix` count where it is a trusted proxy.
    """
    if settings.odata_public_url:
        return settings.odata_public_url.rstrip("/") + ROOT
    host, prefix = headers.get("host", "localhost"), ""
    if is_trusted_proxy(client, settings):
        scheme = _first(headers, "x-forwarded-proto") or scheme
        host = _first(headers, "x-forwarded-host") or host
        prefix = _first(headers, "x-forwarded-prefix").rstrip("/")
    return f"{scheme}://{host}{prefix}{ROOT}"


def _first(headers: Mapping[str, str], name: str) -> str:
    """The first of the values that proxies have joined; empty: none."""
    return headers.get(name, "").split(",")[0].strip()
