"""Staging: a write's rows become data files that no commit refers to yet.

Rows of a table with keys are made unique by key. A small write is held in memory and reduced before it is written. A
large write is streamed into files first; rows that a later row of the same write supersedes are then found and marked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import chain

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from supertable.application.key_index.duplicate_rows import DuplicateRows
from supertable.application.ports.object_stores import ObjectStore
from supertable.application.storage.arrow_batches import chunks, conforming
from supertable.application.storage.data_file_writer import ROW_GROUP_BYTES, ROW_GROUP_ROWS, DataFileWriter
from supertable.application.storage.positions import Positions
from supertable.application.tables.open_table import OpenTable
from supertable.domain.errors import ObjectMissing
from supertable.domain.scan.scan_plan import AccessStage, Scan, grouped
from supertable.domain.schema.schemas import Schema
from supertable.domain.table.data_files import DataFile


@dataclass(frozen=True, slots=True)
class StagedFiles:
    """The data files of one write, all under `schema`. `version`: the version of the table that they were fitted to.

    `dead`: positions of rows already superseded within the same write, by path of the file. `rows_in_memory`: for a
    small write, all rows of its single file in file order. `first_wins`: see `StagedFileWriter.write`.
    """

    schema: Schema
    files: list[DataFile]
    version: int
    dead: dict[str, Positions] = field(default_factory=dict)
    rows_in_memory: pa.Table | None = None
    first_wins: bool = False

    @property
    def live_rows(self) -> int:
        return sum(file.rows for file in self.files) - sum(len(rows) for rows in self.dead.values())


class StagedFileWriter:
    """Writes and reads staged files. Each method takes the table that the files belong to."""

    def __init__(self, store: ObjectStore, writer: DataFileWriter, duplicates: DuplicateRows) -> None:
        self._store = store
        self._writer = writer
        self._duplicates = duplicates

    def write(
        self,
        table: OpenTable,
        reader: pa.RecordBatchReader,
        schema: Schema,
        timezone: str = "",
        first_wins: bool = False,
    ) -> StagedFiles:
        """Write rows that come from outside. `schema`: the table's schema, or its evolution by this write.

        `timezone`: of timestamps without a zone. `first_wins`: of rows with the same key the first is kept, not the
        last. Raises `InvalidSchema` for values that do not fit.
        """
        rows = conforming(reader, schema, is_checked=True, timezone=timezone)
        groups = chunks(rows, ROW_GROUP_ROWS, ROW_GROUP_BYTES)
        if not table.snapshot.definition.keys:
            return StagedFiles(schema, self._writer.write(table.folder, schema, groups), table.snapshot.version)
        return replace(self._unique(table, groups, schema, first_wins), first_wins=first_wins)

    def write_unique(self, table: OpenTable, reader: pa.RecordBatchReader, schema: Schema) -> StagedFiles:
        """Write rows whose keys are unique, and whose values are checked already."""
        groups = chunks(conforming(reader, schema), ROW_GROUP_ROWS, ROW_GROUP_BYTES)
        files = self._writer.write(table.folder, schema, groups, table.snapshot.definition.keys)
        return StagedFiles(schema, files, table.snapshot.version)

    def discard(self, table: OpenTable, staged: StagedFiles) -> None:
        """Delete staged files that no commit refers to."""
        self._store.delete([file.key(table.folder) for file in staged.files])

    def rewrite(self, table: OpenTable, staged: StagedFiles, schema: Schema) -> StagedFiles:
        """Write the same rows under another schema. The files of `staged` are left for a vacuum to remove."""
        source = pa.RecordBatchReader.from_batches(
            self.open(table, staged.files[0]).schema_arrow, self._batches(table, staged)
        )
        return self.write(table, source, schema, first_wins=staged.first_wins)

    def _unique(self, table: OpenTable, groups: Iterator[pa.Table], schema: Schema, first_wins: bool) -> StagedFiles:
        first = next(groups, None)
        if first is None:
            return StagedFiles(schema, [], table.snapshot.version)
        second = next(groups, None)
        if second is None:
            keep = self._duplicates.duplicates(table, first, schema, first_wins)
            rows = first if keep is None else first.take(keep)
            return StagedFiles(
                schema,
                self._writer.write(table.folder, schema, [rows], table.snapshot.definition.keys),
                table.snapshot.version,
                rows_in_memory=rows,
            )
        files = self._writer.write(table.folder, schema, chain([first, second], groups), table.snapshot.definition.keys)
        staged = StagedFiles(schema, files, table.snapshot.version)
        return replace(staged, dead=self._duplicates.superseded(table, staged_scan(table, staged), first_wins))

    def open(self, table: OpenTable, file: DataFile) -> pq.ParquetFile:
        """Open a staged file for reading. Raises `ObjectMissing`."""
        key = file.key(table.folder)
        data = self._store.read(key)
        if data is None:
            raise ObjectMissing(key)
        return pq.ParquetFile(pa.BufferReader(data))

    def _batches(self, table: OpenTable, staged: StagedFiles) -> Iterator[pa.RecordBatch]:
        for file in staged.files:
            yield from self.open(table, file).iter_batches()


def staged_scan(table: OpenTable, staged: StagedFiles, access: AccessStage | None = None) -> Scan:
    """The plan of a scan of all live staged rows, or of those that `access` shows."""
    hidden = {file.path: _bitmap(file, staged.dead[file.path]) for file in staged.files if file.path in staged.dead}
    return Scan(
        table=table.name,
        folder=table.folder,
        version=table.snapshot.version,
        schema=staged.schema,
        groups=grouped(staged.files, {staged.schema.id: staged.schema}, hidden),
        files_total=len(staged.files),
        rows_total=staged.live_rows,
        hidden=hidden,
        access=access,
    )


def _bitmap(file: DataFile, dead: Positions) -> bytes:
    bits = np.zeros(file.rows, dtype=np.uint8)
    bits[dead] = 1
    return np.packbits(bits).tobytes()
