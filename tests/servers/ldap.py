"""A directory that only checks passwords: the simple bind of LDAP (RFC 4511, 4.2), as far as Spark asks for it."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Mapping

_BIND = 0x60
_SUCCESS, _INVALID_CREDENTIALS = 0, 49


class Ldap:
    """Listens on a port of 127.0.0.1 until `stop`. `people`: passwords by user."""

    def __init__(self, people: Mapping[str, str]) -> None:
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        _Handler.people = people
        self.url = f"ldap://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(socketserver.StreamRequestHandler):
    people: Mapping[str, str] = {}

    def handle(self) -> None:
        while message := self._message():
            number, operation = _elements(message)[:2]
            if operation[0] != _BIND:
                return
            _, name, password = (content for _, content in _elements(operation[1])[:3])
            right = self.people.get(name.decode(), "") == password.decode() != ""
            result = bytes([0x0A, 1, _SUCCESS if right else _INVALID_CREDENTIALS, 4, 0, 4, 0])
            answer = bytes([2, len(number[1])]) + number[1] + bytes([0x61, len(result)]) + result
            self.wfile.write(bytes([0x30, len(answer)]) + answer)

    def _message(self) -> bytes:
        """The next message; empty at the end."""
        head = self.rfile.read(2)
        if len(head) < 2:
            return b""
        size = head[1]
        if size & 0x80:
            size = int.from_bytes(self.rfile.read(size & 0x7F))
        return self.rfile.read(size)


def _elements(data: bytes) -> list[tuple[int, bytes]]:
    """The tags and contents of BER elements."""
    found, at = [], 0
    while at < len(data):
        tag, size, at = data[at], data[at + 1], at + 2
        if size & 0x80:
            digits = size & 0x7F
            size, at = int.from_bytes(data[at : at + digits]), at + digits
        found.append((tag, data[at : at + size]))
        at += size
    return found
