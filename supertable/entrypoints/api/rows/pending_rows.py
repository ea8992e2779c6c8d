"""The rows of a stream that wait for their commit."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TypeAlias

import pyarrow as pa

from supertable.application.commits.write_result import WriteResult
from supertable.application.writes.ingest_rows import IngestRequest, IngestRows

Item: TypeAlias = bytes | pa.RecordBatch
"""Received rows: complete NDJSON lines, or a record batch."""


@dataclass(slots=True)
class PendingRows:
    """The rows of the next commit. `since`: when the first arrived, on the monotonic clock; 0 without rows."""

    lines: bytearray = field(default_factory=bytearray)
    batches: list[pa.RecordBatch] = field(default_factory=list)
    rows: int = 0
    since: float = 0.0

    @property
    def size(self) -> int:
        """In bytes."""
        return len(self.lines) + sum(size_of(batch) for batch in self.batches)

    def add(self, item: Item) -> None:
        self.since = self.since or time.monotonic()
        if isinstance(item, bytes):
            self.lines += item + b"\n"
            self.rows += sum(1 for line in item.split(b"\n") if line.strip())
        else:
            self.batches.append(item)
            self.rows += item.num_rows

    async def write(self, ingest: IngestRows, wanted: IngestRequest) -> WriteResult:
        if self.batches:
            return await asyncio.wrap_future(ingest.write_table(wanted, pa.Table.from_batches(self.batches)))
        return await asyncio.wrap_future(ingest.write_text(wanted, bytes(self.lines), "ndjson"))


def size_of(item: Item) -> int:
    """In bytes."""
    return len(item) if isinstance(item, bytes) else int(item.nbytes)
