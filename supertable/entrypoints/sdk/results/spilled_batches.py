"""Batches in a temporary file, which has no name: it is gone when it is closed, or when the process ends."""

from __future__ import annotations

import os
import tempfile
import weakref
from pathlib import Path

import pyarrow as pa

from supertable.domain.errors import QueryFailed


class SpilledBatches:
    """Each batch is an Arrow stream of its own. The file is made for the first one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: int | None = None
        self._places: list[tuple[int, int]] = []
        self._end = 0

    def add(self, batch: pa.RecordBatch) -> int:
        """Write a batch. Returns its number. Raises `QueryFailed` if the disk does not take it."""
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, batch.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as writer:
            writer.write_batch(batch)
        data = memoryview(sink.getvalue())
        try:
            self._write(data)
        except OSError as error:
            raise QueryFailed(
                f"The rows of the result do not fit into the temporary folder {self._folder}: {error.strerror}. Read "
                "them with stream=True, which keeps none, or select less."
            ) from None
        self._places.append((self._end, len(data)))
        self._end += len(data)
        return len(self._places) - 1

    def read(self, number: int) -> pa.RecordBatch:
        start, size = self._places[number]
        assert self._file is not None
        data = b""
        while len(data) < size:
            data += os.pread(self._file, size - len(data), start + len(data))
        return pa.ipc.open_stream(data).read_next_batch()

    def close(self) -> None:
        if self._file is not None:
            self._closing()
            self._file = None

    def _write(self, data: memoryview) -> None:
        if self._file is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self._folder) as file:
                self._file = os.dup(file.fileno())
            self._closing = weakref.finalize(self, os.close, self._file)
        written = 0
        while written < len(data):
            written += os.pwrite(self._file, data[written:], self._end + written)
