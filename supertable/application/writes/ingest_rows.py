"""Writing rows that arrive as text or files. Small writes may share a commit with others; large ones are streamed."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from itertools import chain

import pyarrow as pa

from supertable.application.commits.write_result import WriteResult
from supertable.application.ports.engines.callers import Caller
from supertable.application.ports.readers import FileReader, ReadOptions, RowsOfTexts
from supertable.application.storage.incoming.exact_casts import checked_timezone
from supertable.application.storage.incoming.unpacked_size import unpacked_size
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.application.writes.groups.group_commit import GroupCommit
from supertable.application.writes.groups.write_reading import TextRows
from supertable.application.writes.keys.keyed_rows import (
    bound_rows_key,
    content_of_file,
    content_of_rows,
    content_of_text,
)
from supertable.application.writes.typed_reading import require_named_columns, with_types_of
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
    """Where and how to write rows. `where`: see `WriteRows`. `reading`: what the client chose of the options of a load.
    `chosen`: the same in words, which belong to the idempotency key; empty: nothing. `timezone`, `caller`: see
    `WriteRows`.
    """

    namespace: Namespace
    table: str
    mode: WriteMode = WriteMode.APPEND
    evolve: bool = False
    where: str | None = None
    info: CommitInfo = field(default_factory=CommitInfo)
    reading: ReadOptions = field(default_factory=ReadOptions)
    chosen: str = ""
    timezone: str = ""
    caller: Caller | None = None

    @property
    def shareable(self) -> bool:
        """Whether the write may share a commit, if its rows are few."""
        return self.mode is not WriteMode.OVERWRITE and not self.evolve and self.where is None and not self.timezone


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

        def read_alone(text: bytes, columns: Schema) -> pa.Table:
            found = self._reader.rows(text, self._options(request, columns, format_, None, len(text)))
            return _require_rows(found, request)

        def read(texts: Sequence[bytes], columns: Schema) -> RowsOfTexts | None:
            found = self._reader.rows_of_texts(texts, self._options(request, columns, format_, None, 0))
            return found and replace(found, counts=[_no_rows() if count == 0 else count for count in found.counts])

        form = (format_, request.mode is WriteMode.UPSERT, request.reading)
        rows = TextRows(text, form, read_alone, read)
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
        checked_timezone(request.timezone)
        columns = self._tables.open(request.namespace, request.table, Permission.WRITE).unmasked
        if request.info.idempotency_key is not None:
            content = content_of_file(path, format_, compression)
            if request.chosen or request.timezone:
                content = f"{content} {request.chosen} {request.timezone}".rstrip()
            request = replace(request, info=_bound(request, content))
        with self._reader.open([path], self._options(request, columns, format_, compression, size)) as opened:
            require_named_columns(request.reading, opened)
            return opened.written(lambda files: self._write_reader(request, files.reader))

    def _write_reader(self, request: IngestRequest, reader: pa.RecordBatchReader) -> WriteResult:
        head, rest = _head(reader) if request.shareable else (None, reader)
        if head is not None:
            return self.write_table(request, _require_rows(head, request)).result()
        return self._write_rows(
            request.namespace,
            request.table,
            rest,
            request.mode,
            request.evolve,
            request.info,
            request.where,
            request.timezone,
            request.caller,
        )

    def _options(
        self, request: IngestRequest, columns: Schema, format_: str, compression: str | None, size: int
    ) -> ReadOptions:
        is_json = format_ in ("json", "ndjson")
        by_table = not request.evolve and not (is_json and request.chosen)
        reading = replace(request.reading, timezone=request.timezone)
        return replace(
            self.bounded(reading if by_table and is_json else with_types_of(reading, columns), format_, size),
            compression=compression or "none",
            header=True if format_ in ("csv", "tsv") and reading.header is None else reading.header,
            columns=columns if by_table else None,
            same_columns=request.mode is WriteMode.UPSERT,
        )

    def bounded(self, options: ReadOptions, format_: str, size: int) -> ReadOptions:
        """The options for a body of `size` bytes: its name in errors, and how much may be unpacked."""
        limits = self._limits
        return replace(
            options,
            format=format_,
            name=_SOURCE,
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
        raise _no_rows()
    return rows


def _no_rows() -> UnreadableInput:
    return UnreadableInput(_SOURCE, "there are none. Nothing was written.")
