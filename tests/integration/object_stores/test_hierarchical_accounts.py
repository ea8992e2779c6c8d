"""Azure accounts with a hierarchical namespace are refused before anything is written."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import supertable
from supertable.domain.errors import UnsafeStore


class HierarchicalAccount(BaseHTTPRequestHandler):
    """Answers only what an account says of itself."""

    protocol_version = "HTTP/1.1"
    written: list[str]

    def do_GET(self) -> None:
        self._answer("comp=properties" in self.path)

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_PUT(self) -> None:
        self.written.append(self.path)
        self._answer(False)

    def _answer(self, tells: bool) -> None:
        self.send_response(200 if tells else 404)
        for name, value in {"x-ms-is-hns-enabled": "true", "x-ms-sku-name": "Standard_LRS"}.items():
            self.send_header(name, value)
        self.send_header("x-ms-account-kind", "StorageV2")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def account() -> Iterator[ThreadingHTTPServer]:
    HierarchicalAccount.written = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), HierarchicalAccount)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_it_is_refused_with_the_reason(
    account: ThreadingHTTPServer, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = f"http://127.0.0.1:{account.server_port}/acc"
    for name, value in {
        "STORAGE_TYPE": "AZURE",
        "AZURE_STORAGE_CONNECTION_STRING": f"AccountName=acc;AccountKey=c2VjcmV0;BlobEndpoint={endpoint}",
    }.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UnsafeStore, match="hierarchical namespace"):
        supertable.connect(home).tables()
    assert HierarchicalAccount.written == []
