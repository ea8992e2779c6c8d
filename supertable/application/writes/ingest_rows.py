"""Rows that arrive from elsewhere as text or files: small ones share commits with others, large ones are streamed."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import chain

import pyarrow as pa

from supertable.application.commits.write_result import WriteResult
from supertable.application.ports.readers import FileReader, ReadOptions
from supertable.application.storage.arrow_schemas import arrow_schema
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.application.writes.group_commit import GroupCommit
from supertable.application.writes.write_modes import WriteMode
from supertable.application.writes.write_rows import WriteRows
from supertable.domain.access.roles import Permission
from supertable.domain.errors import UnreadableInput
from supertable.domain.schema.schemas import Schema
from supertable.domain.table.commits import CommitInfo

SMALL_BYTES = 1024 * 1024
"""Up to which rows are held in memory, and share a commit with others."""
_SMALL_ROWS = 10_000
_SOURCE = "the rows"


@dataclass(frozen=True, slots=True)
class IngestLimits:
    """`ratio`: how many times larger than it was packed may be what is unpacked."""

    unpacked_bytes: int
    ratio: int
    line_bytes: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to become of the rows. `where`: see `WriteRows`."""

    namespace: Namespace
    table: str
    mode: WriteMode = WriteMode.APPEND
    evolve: bool = False
    where: str | None = None
    info: CommitInfo = field(default_factory=CommitInfo)

    @property
    def shareable(self) -> bool:
        """Whether a commit may be shared, if the rows are few."""
        return self.mode is not WriteMode.OVERWRITE and not self.evolve and self.where is None


class IngestRows:
    """Raises what `WriteRows` does, `UnreadableInput` for what cannot be read, and `Busy`; nothing is then changed."""

    def __init__(
        self, tables: Tables, reader: FileReader, write_rows: WriteRows, group_commit: GroupCommit, limits: IngestLimits
    ) -> None:
        self._tables = tables
        self._reader = reader
        self._write_rows = write_rows
        self._group_commit = group_commit
        self._limits = limits

    def text(self, wanted: Wanted, text: bytes, format_: str) -> Future[WriteResult]:
        """Write JSON or NDJSON rows that are in memory, of a write that is `shareable`. Does not block."""

        def rows(columns: Schema) -> pa.Table:
            found = self._reader.rows(text, self._options(wanted, columns, format_, None, len(text)))
            return _some(found, wanted)

        return self._group_commit.submit(wanted.namespace, wanted.table, rows, len(text), wanted.mode, wanted.info)

    def table(self, wanted: Wanted, rows: pa.Table) -> Future[WriteResult]:
        """Write rows that are in memory, of a write that is `shareable`. Does not block."""
        return self._group_commit.submit(
            wanted.namespace, wanted.table, lambda _: rows, rows.nbytes, wanted.mode, wanted.info
        )

    def keys(self, namespace: Namespace, name: str, text: bytes) -> pa.Table:
        """A JSON array of objects, read by the columns of a table that the caller may write to; all have the same."""
        columns = self._tables.open(namespace, name, Permission.WRITE).unmasked
        return self._reader.rows(
            text, self._options(Wanted(namespace, name, WriteMode.UPSERT), columns, "json", None, 0)
        )

    def file(self, wanted: Wanted, path: str, format_: str, compression: str | None, size: int) -> WriteResult:
        """Write the rows of a file of `size` bytes; `format_` and `compression`: see `ReadOptions`."""
        columns = self._tables.open(wanted.namespace, wanted.table, Permission.WRITE).unmasked
        with self._reader.open([path], self._options(wanted, columns, format_, compression, size)) as opened:
            head, rest = _head(opened.reader) if wanted.shareable else (None, opened.reader)
            if head is not None:
                return self.table(wanted, _some(head, wanted)).result()
            return self._write_rows(
                wanted.namespace, wanted.table, rest, wanted.mode, wanted.evolve, wanted.info, wanted.where
            )

    def _options(
        self, wanted: Wanted, columns: Schema, format_: str, compression: str | None, size: int
    ) -> ReadOptions:
        limits = self._limits
        typed = format_ in ("json", "ndjson") and not wanted.evolve
        return ReadOptions(
            format=format_,
            compression=compression or "none",
            name=_SOURCE,
            header=True,
            types={} if typed else {column.name: column.type for column in arrow_schema(columns)},
            columns=None if wanted.evolve else columns,
            same_columns=wanted.mode is WriteMode.UPSERT,
            max_line_bytes=limits.line_bytes,
            max_unpacked_bytes=min(limits.unpacked_bytes, max(size * limits.ratio, SMALL_BYTES)),
        )


def _head(reader: pa.RecordBatchReader) -> tuple[pa.Table | None, pa.RecordBatchReader]:
    """All rows as a table if they are few, else None; and a reader of all rows."""
    held: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in reader:
        held.append(batch)
        rows, size = rows + batch.num_rows, size + batch.nbytes
        if rows > _SMALL_ROWS or size > SMALL_BYTES:
            return None, pa.RecordBatchReader.from_batches(reader.schema, _chained(held, reader))
    return pa.Table.from_batches(held, reader.schema), reader


def _chained(held: list[pa.RecordBatch], rest: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    return chain(held, rest)


def _some(rows: pa.Table, wanted: Wanted) -> pa.Table:
    if not rows.num_rows and wanted.mode is not WriteMode.OVERWRITE:
        raise UnreadableInput(_SOURCE, "there are none. Nothing was written.")
    return rows
