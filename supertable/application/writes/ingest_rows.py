"""Writing rows that arrive as text or files. Small writes may share a commit with others; large ones are streamed."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from itertools import chain

import pyarrow as pa

from supertable.application.commits.write_result import WriteResult
from supertable.application.ports.readers import FileReader, ReadOptions, TextOptions
from supertable.application.storage.arrow_schemas import arrow_schema
from supertable.application.storage.incoming.unpacked_size import unpacked_size
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.application.writes.group_commit import GroupCommit
from supertable.application.writes.keyed_rows import (
    bound_rows_key,
    content_of_file,
    content_of_rows,
    content_of_text,
)
from supertable.application.writes.write_modes import WriteMode
from supertable.application.writes.write_rows import WriteRows
from supertable.domain.access.roles import Permission
from supertable.domain.errors import UnreadableInput
from supertable.domain.schema.schemas import Schema
from supertable.domain.table.commits import CommitInfo

SMALL_BYTES = 1024 * 1024
"""Writes up to this size are held in memory, and may share a commit with others."""
_SMALL_ROWS = 10_000
_MOST_UNPACKED_BYTES = 256 * 1024 * 1024
"""Rows that are in memory encoded may take so much memory as plain columns."""
_SOURCE = "the rows"


@dataclass(frozen=True, slots=True)
class IngestLimits:
    """`ratio`: the largest allowed ratio of unpacked to packed size."""

    unpacked_bytes: int
    ratio: int
    line_bytes: int


@dataclass(frozen=True, slots=True)
class IngestRequest:
    """Where and how to write rows. `where`: see `WriteRows`. `text`: of CSV and TSV."""

    namespace: Namespace
    table: str
    mode: WriteMode = WriteMode.APPEND
    evolve: bool = False
    where: str | None = None
    info: CommitInfo = field(default_factory=CommitInfo)
    text: TextOptions = field(default_factory=TextOptions)

    @property
    def shareable(self) -> bool:
        """Whether the write may share a commit, if its rows are few."""
        return self.mode is not WriteMode.OVERWRITE and not self.evolve and self.where is None


class IngestRows:
    """Writes rows. Methods raise what `WriteRows` raises, `UnreadableInput` and `Busy`; nothing is then changed."""

    def __init__(
        self, tables: Tables, reader: FileReader, write_rows: WriteRows, group_commit: GroupCommit, limits: IngestLimits
    ) -> None:
        self._tables = tables
        self._reader = reader
        self._write_rows = write_rows
        self._group_commit = group_commit
        self._limits = limits

    def write_text(self, request: IngestRequest, text: bytes, format_: str) -> Future[WriteResult]:
        """Write JSON or NDJSON rows that are in memory. Only for `shareable` requests. Does not block."""

        def rows(columns: Schema) -> pa.Table:
            found = self._reader.rows(text, self._options(request, columns, format_, None, len(text)))
            return _require_rows(found, request)

        info = request.info
        if info.idempotency_key is not None:
            info = _bound(request, content_of_text(text, format_))
        return self._group_commit.submit(request.namespace, request.table, rows, len(text), request.mode, info)

    def write_table(self, request: IngestRequest, rows: pa.Table) -> Future[WriteResult]:
        """Write rows that are in memory. Only for `shareable` requests. Does not block.

        Raises `UnreadableInput` for rows that are small only because their values are encoded.
        """
        if unpacked_size(rows) > _MOST_UNPACKED_BYTES:
            raise UnreadableInput(_SOURCE, f"they unpack to more than {_MOST_UNPACKED_BYTES:,} bytes at once.")
        info = request.info
        if info.idempotency_key is not None and not info.key_use:
            info = _bound(request, content_of_rows(rows))
        return self._group_commit.submit(
            request.namespace, request.table, lambda _: rows, rows.nbytes, request.mode, info
        )

    def read_keys(self, namespace: Namespace, name: str, text: bytes) -> pa.Table:
        """Read a JSON array of objects by the column types of a table that the caller may write to.

        All objects must have the same columns.
        """
        columns = self._tables.open(namespace, name, Permission.WRITE).unmasked
        return self._reader.rows(
            text, self._options(IngestRequest(namespace, name, WriteMode.UPSERT), columns, "json", None, 0)
        )

    def write_file(
        self, request: IngestRequest, path: str, format_: str, compression: str | None, size: int
    ) -> WriteResult:
        """Write the rows of a file of `size` bytes; `format_` and `compression`: see `ReadOptions`."""
        columns = self._tables.open(request.namespace, request.table, Permission.WRITE).unmasked
        if request.info.idempotency_key is not None:
            content = content_of_file(path, format_, compression)
            if request.text != TextOptions():
                content = f"{content} {request.text}"
            request = replace(request, info=_bound(request, content))
        with self._reader.open([path], self._options(request, columns, format_, compression, size)) as opened:
            return opened.written(lambda files: self._write_reader(request, files.reader))

    def _write_reader(self, request: IngestRequest, reader: pa.RecordBatchReader) -> WriteResult:
        head, rest = _head(reader) if request.shareable else (None, reader)
        if head is not None:
            return self.write_table(request, _require_rows(head, request)).result()
        return self._write_rows(
            request.namespace, request.table, rest, request.mode, request.evolve, request.info, request.where
        )

    def _options(
        self, request: IngestRequest, columns: Schema, format_: str, compression: str | None, size: int
    ) -> ReadOptions:
        limits = self._limits
        typed = format_ in ("json", "ndjson") and not request.evolve
        return ReadOptions(
            format=format_,
            compression=compression or "none",
            name=_SOURCE,
            header=request.text.header,
            delimiter=request.text.delimiter,
            column_names=request.text.column_names,
            null_strings=request.text.null_strings,
            date_formats=request.text.date_formats,
            decimal_mark=request.text.decimal_mark,
            types={} if typed else {column.name: column.type for column in arrow_schema(columns)},
            columns=None if request.evolve else columns,
            same_columns=request.mode is WriteMode.UPSERT,
            max_line_bytes=limits.line_bytes,
            max_unpacked_bytes=min(limits.unpacked_bytes, max(size * limits.ratio, SMALL_BYTES)),
        )


def _bound(request: IngestRequest, content: str) -> CommitInfo:
    """The commit info with its idempotency key bound to the request. `content`: a digest of the rows."""
    user = request.namespace.session.user
    return bound_rows_key(request.info, user, request.mode, request.evolve, request.where, content)


def _head(reader: pa.RecordBatchReader) -> tuple[pa.Table | None, pa.RecordBatchReader]:
    """All rows as a table if they are few, else None; and a reader of all rows."""
    batches: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in reader:
        batches.append(batch)
        rows, size = rows + batch.num_rows, size + batch.nbytes
        if rows > _SMALL_ROWS or size > SMALL_BYTES:
            return None, pa.RecordBatchReader.from_batches(reader.schema, chain(batches, reader))
    return pa.Table.from_batches(batches, reader.schema), reader


def _require_rows(rows: pa.Table, request: IngestRequest) -> pa.Table:
    if not rows.num_rows and request.mode is not WriteMode.OVERWRITE:
        raise UnreadableInput(_SOURCE, "there are none. Nothing was written.")
    return rows
