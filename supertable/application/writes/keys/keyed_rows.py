"""Rows with an idempotency key, which belongs to these rows: it is bound to a digest of them once they are read."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pyarrow as pa

from supertable.application.storage.incoming.row_digest import RowDigest, digest_of_rows
from supertable.application.tables.open_table import OpenTable
from supertable.application.writes.write_modes import WriteMode
from supertable.domain.table.commits import CommitInfo, Operation
from supertable.domain.table.idempotency import bound_key, is_key_used


class KeyedRows:
    """The rows of a write as `reader`. Without a key, and with one that is bound already, they are passed on as is."""

    def __init__(
        self,
        table: OpenTable,
        reader: pa.RecordBatchReader,
        mode: WriteMode,
        evolve: bool,
        where: str | None,
        info: CommitInfo,
    ) -> None:
        namespace = table.namespace or table.destination
        self._replies = table.snapshot.replies
        self._user = namespace.session.user if namespace else ""
        self._mode, self._evolve, self._where, self._info = mode, evolve, where, info
        self._digest = RowDigest(reader.schema) if info.idempotency_key is not None and not info.key_use else None
        self.reader = self._digest.observing(reader) if self._digest else reader

    @property
    def is_key_used(self) -> bool:
        """Whether a commit has the key, for these rows or for others."""
        return is_key_used(self._replies, self._bound("") if self._digest else self._info)

    def bound_info(self) -> CommitInfo:
        """The key bound to the rows. Reads those that are not read yet."""
        if self._digest is None:
            return self._info
        for _ in self.reader:
            pass  # each is added to the digest
        return self._bound(self._digest.hexdigest())

    def _bound(self, digest: str) -> CommitInfo:
        return bound_rows_key(self._info, self._user, self._mode, self._evolve, self._where, f"rows {digest}")


def bound_rows_key(
    info: CommitInfo, user: str, mode: WriteMode, evolve: bool, where: str | None, content: str
) -> CommitInfo:
    """`info` with its key bound to a write of rows. `content`: a digest of them."""
    return bound_key(info, user, Operation(mode.value), content, evolve, where)


def content_of_rows(rows: pa.Table) -> str:
    return f"rows {digest_of_rows(rows)}"


def content_of_text(text: bytes, format_: str) -> str:
    return f"{format_} none {hashlib.sha256(text).hexdigest()}"


def content_of_file(path: str, format_: str, compression: str | None) -> str:
    """Reads the file once, in portions. A small body is in a file or in memory: both have the same content."""
    with Path(path).open("rb") as file:
        return f"{format_} {compression or 'none'} {hashlib.file_digest(file, 'sha256').hexdigest()}"
