"""The address of a service belongs to it alone: a second service on it, or on one that overlaps, does not start."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from supertable.domain.errors import AddressInUse, InvalidInput
from supertable.entrypoints.web.service.addresses import reserved_address
from tests.servers.process import free_port
from tests.support.api.service import ApiService


@pytest.fixture
def service(home: Path, tmp_path: Path) -> Iterator[ApiService]:
    service = ApiService(home, tmp_path / "service")
    yield service
    service.stop()  # no-op if it has ended


def start_second(home: Path, host: str, port: int) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "supertable"), "--json", "serve", "api", "--host", host]
    environment = {**os.environ, "SUPERTABLE_HOME": str(home / "second")}
    return subprocess.run(
        [*command, "--port", str(port)], env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_the_address_is_taken_until_its_service_has_ended(service: ApiService, home: Path) -> None:
    """Before, a second service started without an error, and both answered in turns."""
    for host in ("127.0.0.1", "::"):
        with pytest.raises(AddressInUse), reserved_address(host, service.port):
            pass
    refused = start_second(home, "0.0.0.0", service.port)
    assert refused.returncode == 4, refused.stderr
    error = json.loads(refused.stderr.splitlines()[-1])["error"]
    assert error["kind"] == "AddressInUse"
    assert str(service.port) in error["message"]
    with service.client() as api:
        assert [api.get("/healthz").status_code for _ in range(10)] == [200] * 10
    check_that_a_service_can_be_started_again_at_once(service)


def check_that_a_service_can_be_started_again_at_once(first: ApiService) -> None:
    """Although connections of the first are still open or were closed a moment ago."""
    with socket.create_connection(("127.0.0.1", first.port)) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 200")
        first.stop()
        with reserved_address("127.0.0.1", first.port):
            pass


@pytest.mark.parametrize("other", ["127.0.0.1", "0.0.0.0", "::", "::ffff:127.0.0.1"])
def test_overlapping_addresses_are_refused(other: str) -> None:
    port = free_port()
    with reserved_address("127.0.0.1", port), pytest.raises(AddressInUse), reserved_address(other, port):
        pass
    with reserved_address(other, port), pytest.raises(AddressInUse), reserved_address("127.0.0.1", port):
        pass


def test_a_program_that_listens_without_sharing_is_noticed_too() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(AddressInUse), reserved_address("127.0.0.1", port):
            pass
        with reserved_address("127.0.0.2", port):
            pass


def test_of_services_that_start_at_once_one_gets_the_address() -> None:
    for _ in range(20):
        port, start, leave = free_port(), threading.Barrier(8), threading.Barrier(8)
        won: list[int] = []

        def compete(number: int, port: int, start: threading.Barrier, leave: threading.Barrier, won: list[int]) -> None:
            start.wait()
            try:
                with reserved_address("127.0.0.1", port):
                    won.append(number)
                    leave.wait()
            except AddressInUse:
                leave.wait()

        threads = [threading.Thread(target=compete, args=(n, port, start, leave, won)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(won) == 1


@pytest.mark.parametrize("host", ["203.0.113.1", ""])
def test_hosts_that_are_not_this_machine(host: str) -> None:
    with pytest.raises((InvalidInput, UnicodeError)), reserved_address(host, free_port()):
        pass
