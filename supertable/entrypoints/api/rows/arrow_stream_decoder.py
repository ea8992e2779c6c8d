"""Arrow streams that come in pieces of any size: their record batches are decoded in a thread as they become whole."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

import pyarrow as pa

from supertable.domain.errors import UnreadableInput

_MOST_BYTES = 64 * 1024 * 1024
"""Of one record batch, as it is sent."""
_SOURCE = "the rows"

Tell = Callable[[pa.RecordBatch | Exception | None], object]


class ArrowPipe:
    """`tell` is called, in the thread, with each batch, and at the end with None, or with what is wrong."""

    closed = False

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._chunks: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._rest = b""
        self._ended = False
        self._abandoned = False
        threading.Thread(target=self._decode, name="arrow-stream", daemon=True).start()

    def feed(self, chunk: bytes) -> None:
        self._chunks.put(chunk)

    def end(self) -> None:
        """Nothing more comes; what is missing then is an error."""
        self._chunks.put(None)

    def abandon(self) -> None:
        """Nobody wants to be told any more."""
        self._abandoned = True
        self.end()

    def read(self, size: int = -1) -> bytes:
        """What the decoder asks for: just so many bytes, fewer only at the end."""
        if size > _MOST_BYTES:
            raise ValueError(f"a record batch may have {_MOST_BYTES:,} bytes")
        parts, count = [self._rest], len(self._rest)
        while count < size and not self._ended:
            chunk = self._chunks.get()
            self._ended = chunk is None
            parts.append(chunk or b"")
            count += len(parts[-1])
        whole = b"".join(parts)
        found, self._rest = whole[:size], whole[size:]
        return found

    def readable(self) -> bool:
        return True

    def _decode(self) -> None:
        try:
            for batch in pa.ipc.open_stream(pa.PythonFile(self, mode="r")):
                batch.validate(full=True)
                self._say(batch)
            self._say(None)
        except (pa.ArrowException, OSError, EOFError, ValueError) as error:
            reason = str(error).strip().partition("\n")[0].rstrip(".")
            self._say(UnreadableInput(_SOURCE, f"they are damaged, or no Arrow stream: {reason}."))

    def _say(self, item: pa.RecordBatch | Exception | None) -> None:
        if not self._abandoned:
            self._tell(item)
