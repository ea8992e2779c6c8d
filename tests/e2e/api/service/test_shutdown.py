"""`supertable serve api` as a process, from the first token to the last request."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest

import supertable
from tests.servers.process import die_with_the_parent, free_port
from tests.support.api.http import fetch, is_healthy, open_client

BIN = str(Path(sys.executable).parent / "supertable")
LONG = "SELECT a.range FROM range(100000000) a, range(1000) b"


class Service:
    """The command in a process. `out` and `err` are its output so far."""

    def __init__(self, home: Path, *arguments: str, **settings: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        environment = {"PATH": str(Path(BIN).parent), "SUPERTABLE_HOME": str(home), **settings}
        self._out, self._err = home / "out", home / "err"
        with self._out.open("wb") as out, self._err.open("wb") as err:
            command = [BIN, "serve", "api", "--port", str(self.port), *arguments]
            self.process = subprocess.Popen(
                command, env=environment, cwd=home, stdout=out, stderr=err, preexec_fn=die_with_the_parent
            )
        deadline = time.monotonic() + 60
        while not is_healthy(self.url):
            assert self.process.poll() is None, self.err
            assert time.monotonic() < deadline, self.err
            time.sleep(0.05)

    @property
    def out(self) -> str:
        return self._out.read_text()

    @property
    def err(self) -> str:
        return self._err.read_text()

    def stop(self) -> float:
        """Send SIGTERM, and return the seconds until the process has ended successfully."""
        started = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(60) == 0
        return time.monotonic() - started


@pytest.fixture
def started(home: Path) -> Iterator[list[Service]]:
    """The services to stop at the end of the test; tests add theirs."""
    services: list[Service] = []
    yield services
    for service in services:
        if service.process.poll() is None:
            service.process.terminate()
            service.process.wait(60)


def client_of(service: Service, token: str) -> httpx.Client:
    return open_client(service.url, headers={"Authorization": f"Bearer {token}"}, timeout=30)


def test_the_first_token_is_shown_once_and_never_logged_and_any_worker_takes_it(
    home: Path, started: list[Service]
) -> None:
    service = Service(home, LOG_LEVEL="DEBUG")
    started.append(service)
    (token,) = re.findall(r"st_\S+", service.out)
    with client_of(service, token) as api:
        answer = api.post("/api/v1/query", json={"sql": "SELECT 42 AS n"}, headers={"X-Request-Id": "the-one"})
        assert answer.json()["rows"] == [{"n": 42}]
        api.get("/api/v1/query?secret=in-the-address")
    service.stop()
    lines = [json.loads(line) for line in service.err.splitlines()]
    (entry,) = [line for line in lines if line.get("request_id") == "the-one" and line["event"] == "request"]
    assert (entry["method"], entry["path"], entry["status"], entry["role"]) == (
        "POST",
        "/api/v1/query",
        "200",
        "superadmin",
    )
    assert token not in service.err
    assert "SELECT 42" not in service.err
    assert "in-the-address" not in service.err
    again = Service(home, "--workers", "2")
    started.append(again)
    assert "st_" not in again.out
    check_that_metrics_of_all_workers_are_added_up(again, token)


def check_that_metrics_of_all_workers_are_added_up(service: Service, token: str) -> None:
    for _ in range(20):
        with client_of(service, token) as api:
            assert api.post("/api/v1/query", json={"sql": "SELECT 1 AS n UNION ALL SELECT 2"}).status_code == 200
    counts = fetch(f"{service.url}/metrics").text
    assert 'supertable_requests_total{method="POST",route="/api/v1/query",status="200"} 20.0' in counts
    assert 'supertable_queries_total{outcome="done"} 20.0' in counts
    assert "supertable_rows_read_total 40.0" in counts
    assert "supertable_requests_in_flight 1.0" in counts


def check_that_a_running_request_finishes_during_shutdown(home: Path, service: Service) -> None:
    rows: list[int] = []

    def read() -> None:
        sql = "SELECT count(*) AS n FROM range(3000000000)"
        with client_of(service, "token-of-this-test") as api:
            rows.append(api.post("/api/v1/query", json={"sql": sql}).json()["rows"][0]["n"])

    reader = threading.Thread(target=read)
    reader.start()
    with supertable.connect(home) as lake:
        while not lake._container.leases().live():
            time.sleep(0.01)
    service.stop()
    reader.join(30)
    assert rows == [3_000_000_000]


def test_a_long_request_is_cancelled_at_the_shutdown_deadline(home: Path, started: list[Service]) -> None:
    service = Service(home, SUPERTABLE_SUPERTOKEN="token-of-this-test", SUPERTABLE_SHUTDOWN_SECONDS="1")
    started.append(service)
    accept = {"Accept": "application/x-ndjson"}
    with (
        client_of(service, "token-of-this-test") as api,
        api.stream("POST", "/api/v1/query", json={"sql": LONG}, headers=accept) as answer,
    ):
        pieces = answer.iter_raw()
        next(pieces)
        stopping = threading.Thread(target=service.stop)
        stopping.start()
        with pytest.raises(httpx.RemoteProtocolError):
            for _ in pieces:
                pass
        stopping.join(20)
    assert service.process.returncode == 0
    with supertable.connect(home) as lake:
        assert lake._container.leases().live() == []


def test_an_address_in_use_is_an_error(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        command = [BIN, "serve", "api", "--port", str(taken.getsockname()[1])]
        environment = {
            "PATH": str(Path(BIN).parent),
            "SUPERTABLE_HOME": str(home),
            "SUPERTABLE_SUPERTOKEN": "not-a-secret",
        }
        done = subprocess.run(command, env=environment, cwd=home, capture_output=True, timeout=60)
    assert done.returncode == 4
    assert b"Another process uses port" in done.stderr


def test_a_running_request_finishes_during_shutdown_and_traces_are_sent(home: Path, started: list[Service]) -> None:
    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    received: list[tuple[str, bytes]] = []
    collector = HTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=collector.serve_forever, daemon=True).start()
    endpoint = f"http://127.0.0.1:{collector.server_port}"
    settings = {"SUPERTABLE_SHUTDOWN_SECONDS": "20", "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}
    service = Service(home, SUPERTABLE_SUPERTOKEN="token-of-this-test", **settings)
    started.append(service)
    with client_of(service, "token-of-this-test") as api:
        assert (
            api.post("/api/v1/query", json={"sql": "SELECT 1"}, headers={"X-Request-Id": "traced"}).status_code == 200
        )
    check_that_a_running_request_finishes_during_shutdown(home, service)
    collector.shutdown()
    assert {path for path, _ in received} == {"/v1/traces"}
    sent = b"".join(body for _, body in received)
    assert b"traced" in sent
    assert b"token-of-this-test" not in sent
