"""Clients that open many connections and send nothing."""

from __future__ import annotations

import resource
import socket
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.api.http import fetch
from tests.support.api.service import ApiService


@pytest.mark.slow
def test_idle_connections_are_closed_and_never_take_all_descriptors(home: Path, tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))  # raised again by the service: the hard limit counts
    try:
        service = ApiService(home, tmp_path / "service", SUPERTABLE_IDLE_SEC="1", SUPERTABLE_MAX_CONNECTIONS="100")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    try:
        with ExitStack() as stack:
            idle = [
                stack.enter_context(socket.create_connection(("127.0.0.1", service.port), timeout=60))
                for _ in range(300)
            ]
            idle[7].sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n")  # a header that never ends
            started = time.monotonic()
            assert fetch(f"{service.url}/healthz").text == "ok"
            assert time.monotonic() - started < 20
            assert idle[0].recv(1000) == b""
        with service.client() as api:
            assert api.post("/api/v1/query", json={"sql": "SELECT 1"}).status_code == 200
            time.sleep(1.5)  # the pooled connection is closed by the service; the client opens another one
            assert api.post("/api/v1/query", json={"sql": "SELECT 1"}).status_code == 200
    finally:
        service.stop()
