"""Arrow streams that arrive in chunks of any size. A thread decodes each record batch as soon as it is complete."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

import pyarrow as pa

from supertable.application.storage.incoming.arrow_messages import CheckedMessages
from supertable.domain.errors import UnreadableInput

_MAX_BATCH_BYTES = 64 * 1024 * 1024
"""The maximum size of one record batch, encoded and unpacked."""
_SOURCE = "the rows"

Deliver = Callable[[pa.RecordBatch | Exception | None], object]


class ArrowStreamDecoder:
    """Decodes an Arrow stream in a thread.

    The thread calls `deliver` with each batch, and at the end with None or an error.
    """

    def __init__(self, deliver: Deliver) -> None:
        self._deliver = deliver
        self._chunks: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._rest = b""
        self._ended = False
        self._abandoned = False
        threading.Thread(target=self._decode, name="arrow-stream", daemon=True).start()

    def feed(self, chunk: bytes) -> None:
        """Add the next bytes of the stream."""
        self._chunks.put(chunk)

    def end(self) -> None:
        """Mark the end of the bytes. A stream that is incomplete then is an error."""
        self._chunks.put(None)

    def abandon(self) -> None:
        """Deliver nothing more, and end the thread."""
        self._abandoned = True
        self.end()

    def read(self, size: int = -1) -> bytes:
        """Exactly `size` bytes, fewer only at the end. Called by the decoder; waits for bytes."""
        if size > _MAX_BATCH_BYTES:
            raise ValueError(f"a record batch is larger than {_MAX_BATCH_BYTES:,} bytes")
        parts, count = [self._rest], len(self._rest)
        while count < size and not self._ended:
            chunk = self._chunks.get()
            self._ended = chunk is None
            parts.append(chunk or b"")
            count += len(parts[-1])
        received = b"".join(parts)
        result, self._rest = received[:size], received[size:]
        return result

    def _decode(self) -> None:
        try:
            checked = CheckedMessages(self.read, _MAX_BATCH_BYTES)
            for batch in pa.ipc.open_stream(pa.PythonFile(checked, mode="r")):
                batch.validate(full=True)
                _ = batch.schema.names  # fails for one that is no UTF-8
                self._send(batch)
            self._send(None)
        except (pa.ArrowException, OSError, EOFError, ValueError) as error:
            reason = str(error).strip().partition("\n")[0].rstrip(".")
            self._send(UnreadableInput(_SOURCE, f"they are damaged, or not an Arrow stream: {reason}."))

    def _send(self, item: pa.RecordBatch | Exception | None) -> None:
        if not self._abandoned:
            self._deliver(item)
