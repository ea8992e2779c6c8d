"""Writes for which a key that another row has is no replacement, as in INSERT."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from supertable.application.tables.open_table import OpenTable
from supertable.application.writes.keys.key_resolution import Resolution
from supertable.application.writes.staged_files import StagedFiles
from supertable.domain.errors import DuplicateKey
from supertable.domain.table.commits import OnConflict

_MOST_CHARACTERS = 80


class RepeatedKeys:
    """Finds that a key occurs twice in one write, where that is an error. `reader` passes its rows on."""

    def __init__(self, reader: pa.RecordBatchReader, table: OpenTable, conflict: OnConflict) -> None:
        self._table = table
        self._rows = 0
        counts = conflict is OnConflict.ERROR and bool(table.snapshot.definition.keys)
        self._counts = counts
        self.reader = pa.RecordBatchReader.from_batches(reader.schema, self._counted(reader)) if counts else reader

    def check(self, staged: StagedFiles) -> None:
        """Raises `DuplicateKey` if rows of the write superseded each other when they were staged."""
        if self._counts and staged.live_rows < self._rows:
            hint = "Give one row for each key, or use INSERT OR REPLACE to keep the last, OR IGNORE the first."
            raise DuplicateKey(self._table.name, "The statement has two rows with the same key.", hint)

    def _counted(self, reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
        for batch in reader:
            self._rows += batch.num_rows
            yield batch


def check_no_conflict(table: OpenTable, resolution: Resolution) -> None:
    """Raises `DuplicateKey` if the table has the key of a staged row. The resolution must have kept the keys."""
    for keys in (*resolution.superseding, *resolution.stale):
        if keys.num_rows:
            row = keys.select(table.snapshot.key_names).slice(0, 1).to_pylist()[0]
            text = ", ".join(f"{name} = {value!r}" for name, value in row.items())
            hint = "Use INSERT OR REPLACE to replace such rows, or INSERT OR IGNORE to leave them."
            raise DuplicateKey(table.name, f"There is a row with {_short(text)} already.", hint)


def _short(text: str) -> str:
    return text if len(text) <= _MOST_CHARACTERS else text[: _MOST_CHARACTERS - 1] + "…"
