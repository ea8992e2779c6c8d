"""HTTP clients for the services that tests start on 127.0.0.1, none of which serves TLS."""

from __future__ import annotations

from typing import Any

import httpx

_CERTIFICATES = False
"""httpx would read all authorities' certificates for each client, which takes longer than most requests."""


def open_client(url: str, **options: Any) -> httpx.Client:
    """A client whose paths are relative to `url`."""
    return httpx.Client(base_url=url, verify=_CERTIFICATES, **options)


def fetch(url: str, timeout: float = 60) -> httpx.Response:
    return httpx.get(url, timeout=timeout, verify=_CERTIFICATES)


def is_healthy(url: str) -> bool:
    """Whether the service at `url` answers, and is well."""
    try:
        return fetch(f"{url}/healthz", timeout=5).status_code == 200
    except httpx.TransportError:
        return False
