"""A relay in front of a server that adds latency to every request, as a network would."""

from __future__ import annotations

import asyncio
import threading
from urllib.parse import urlsplit

_BUFFER = 1 << 20


class SlowLink:
    """Listens at `endpoint` from its construction until `stop`, in a thread of its own. Answers are not delayed, so
    that one request, of one packet, takes `seconds` longer."""

    def __init__(self, upstream: str, seconds: float) -> None:
        address = urlsplit(upstream)
        self._upstream = (str(address.hostname), int(address.port or 80))
        self._seconds = seconds
        self._loop = asyncio.new_event_loop()
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.endpoint = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._thread = threading.Thread(target=self._loop.run_forever, name="slow-link", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_connection(*self._upstream, limit=_BUFFER)
        await asyncio.gather(
            _relay(reader, to_server, self._seconds), _relay(from_server, writer, 0), return_exceptions=True
        )


async def _relay(source: asyncio.StreamReader, target: asyncio.StreamWriter, delay: float) -> None:
    try:
        while data := await source.read(_BUFFER):
            if delay:
                await asyncio.sleep(delay)
            target.write(data)
            await target.drain()
    finally:
        target.close()
