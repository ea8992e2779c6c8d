"""A relay of TCP connections that can be cut, and refuse new ones, as a server that is killed does."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress


class Relay:
    """Relays `port` of 127.0.0.1 to another one, until `stop`.

    `down` cuts all connections and refuses new ones, until `up`. `freeze` accepts connections, but passes nothing on,
    as a server that hangs, until `thaw`.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self._pairs: list[socket.socket] = []
        self._passing = threading.Event()
        self._passing.set()
        self.freeze, self.thaw = self._passing.clear, self._passing.set
        self._listener = self._listening(0)
        self.port = int(self._listener.getsockname()[1])

    def down(self) -> None:
        self._close(self._listener)
        pairs, self._pairs = self._pairs, []
        for one in pairs:
            self._close(one)

    def up(self) -> None:
        self._listener = self._listening(self.port)

    stop = down

    @property
    def connections(self) -> int:
        """How many are open."""
        return sum(one.fileno() >= 0 for one in self._pairs) // 2

    def _listening(self, port: int) -> socket.socket:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen()
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
        return listener

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
                self._pairs += [near, far]
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._copy, args=(source, sink), daemon=True).start()

    def _copy(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                self._passing.wait()
                sink.sendall(data)
        self._close(source)
        self._close(sink)

    @staticmethod
    def _close(one: socket.socket) -> None:
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()
