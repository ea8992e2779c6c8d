"""Staging: a write's rows become data files that no commit refers to yet.

A few rows become a file without an object: they ride in the commit record (decision 0026). Rows of a table with keys
are made unique by key. A small write is held in memory and reduced before it is written. A large write is streamed into
files first, and only the rows that are arranged together are reduced before; rows that a later row of the same write
supersedes are then found and marked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from supertable.application.key_index.duplicate_rows import DuplicateRows
from supertable.application.ports.clocks import Identifiers
from supertable.application.ports.object_stores import ObjectStore
from supertable.application.storage.arrow_batches import chunks, conforming
from supertable.application.storage.data_file_writer import ROW_GROUP_BYTES, ROW_GROUP_ROWS, DataFileWriter
from supertable.application.storage.inline_rows import decoded_rows, inline_file
from supertable.application.storage.layout.arranged_rows import Arrangement
from supertable.application.storage.positions import Positions
from supertable.application.tables.open_table import OpenTable
from supertable.domain.errors import ObjectMissing
from supertable.domain.layout.layouts import Layout
from supertable.domain.scan.scan_plan import AccessStage, Scan, grouped
from supertable.domain.schema.schemas import Schema
from supertable.domain.storage_layout import inline_path
from supertable.domain.table.data_files import DataFile
from supertable.domain.table.maintenance_policy import layout_of

_BATCH_ROWS = 65_536


@dataclass(frozen=True, slots=True)
class StagedFiles:
    """The data files of one write, all under `schema`. `version`: the version of the table that they were fitted to.

    `dead`: positions of rows already superseded within the same write, by path of the file. `rows_in_memory`: for a
    small write of unique keys, all rows of its single file in file order. `first_wins`: see `StagedFileWriter.write`.
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


@dataclass(frozen=True, slots=True)
class InlineLimits:
    """What rides in commit records: so many rows and bytes of one write; `rows` 0: nothing. `table_bytes`: of a table.

    More become objects, until a compaction writes out the rows in records.
    """

    rows: int
    bytes: int
    table_bytes: int = 4 * 1024 * 1024


class StagedFileWriter:
    """Writes and reads staged files. Each method takes the table that the files belong to."""

    def __init__(
        self,
        store: ObjectStore,
        writer: DataFileWriter,
        duplicates: DuplicateRows,
        identifiers: Identifiers,
        inline: InlineLimits,
    ) -> None:
        self._store = store
        self._writer = writer
        self._duplicates = duplicates
        self._identifiers = identifiers
        self._inline = inline

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
            return StagedFiles(schema, self._files(table, schema, groups), table.snapshot.version)
        return replace(self._unique(table, groups, schema, first_wins), first_wins=first_wins)

    def write_unique(self, table: OpenTable, reader: pa.RecordBatchReader, schema: Schema) -> StagedFiles:
        """Write rows whose keys are unique, and whose values are checked already."""
        groups = chunks(conforming(reader, schema), ROW_GROUP_ROWS, ROW_GROUP_BYTES)
        return StagedFiles(schema, self._files(table, schema, groups), table.snapshot.version)

    def discard(self, table: OpenTable, staged: StagedFiles) -> None:
        """Delete staged files that no commit refers to."""
        keys = [file.key(table.folder) for file in staged.files if file.stored]
        if keys:
            self._store.delete(keys)

    def rewrite(self, table: OpenTable, staged: StagedFiles, schema: Schema) -> StagedFiles:
        """Write the same rows under another schema. The files of `staged` are left for a vacuum to remove."""
        batches = (batch for file in staged.files for batch in self.batches(table, file, _BATCH_ROWS))
        first = next(batches)
        source = pa.RecordBatchReader.from_batches(first.schema, chain([first], batches))
        return self.write(table, source, schema, first_wins=staged.first_wins)

    def batches(
        self, table: OpenTable, file: DataFile, rows: int, columns: Sequence[str] | None = None
    ) -> Iterator[pa.RecordBatch]:
        """The rows of a staged file, with these columns, up to `rows` at once. Raises `ObjectMissing`."""
        key = file.key(table.folder)
        if not file.stored:
            found = decoded_rows(key, file)
            return iter((found if columns is None else found.select(columns)).to_batches())
        data = self._store.read(key)
        if data is None:
            raise ObjectMissing(key)
        return iter(pq.ParquetFile(pa.BufferReader(data)).iter_batches(batch_size=rows, columns=columns))

    def _unique(self, table: OpenTable, groups: Iterator[pa.Table], schema: Schema, first_wins: bool) -> StagedFiles:
        first = next(groups, None)
        if first is None:
            return StagedFiles(schema, [], table.snapshot.version)

        def unique(rows: pa.Table) -> pa.Table:
            keep = None if rows.num_rows == 1 else self._duplicates.duplicates(table, rows, schema, first_wins)
            return rows if keep is None else rows.take(keep)

        second = next(groups, None)
        if second is None:
            return self._held(table, unique(first), schema)
        keeps_order = _keeps_order_of_keys(table, schema)
        arrangement = Arrangement(_layout(table, schema), schema, unique=None if keeps_order else unique)
        files = self._files(table, schema, chain([first, second], groups), arrangement)
        staged = StagedFiles(schema, files, table.snapshot.version)
        return replace(staged, dead=self._duplicates.superseded(table, staged_scan(table, staged), first_wins))

    def _held(self, table: OpenTable, rows: pa.Table, schema: Schema) -> StagedFiles:
        """Stage unique rows that are in memory, and keep them there if they make one file."""
        layout = _layout(table, schema)
        runs = [pa.concat_tables(run) for run in Arrangement(layout, schema).runs([rows])]
        files = self._files(table, schema, iter(runs), Arrangement(Layout(layout.partition_by), schema))
        in_memory = runs[0] if len(runs) == 1 else None
        return StagedFiles(schema, files, table.snapshot.version, rows_in_memory=in_memory)

    def _files(
        self, table: OpenTable, schema: Schema, groups: Iterator[pa.Table], arrangement: Arrangement | None = None
    ) -> list[DataFile]:
        """The rows as files of the table: as one without an object if they are few. `arrangement`: None: its layout."""
        first = list(islice(groups, 1))
        if first and first[0].num_rows <= self._inline.rows and first[0].nbytes <= self._inline.bytes:
            second = list(islice(groups, 1))
            file = None if second else self._inline_file(table, schema, first[0])
            if file is not None:
                return [file]
            first += second
        return self._writer.write(
            table.folder,
            schema,
            chain(first, groups),
            table.snapshot.definition.keys,
            arrangement=arrangement or Arrangement(_layout(table, schema), schema),
        )

    def _inline_file(self, table: OpenTable, schema: Schema, rows: pa.Table) -> DataFile | None:
        """None: the commit record, or the table, has no place for so many bytes."""
        file = inline_file(inline_path(self._identifiers.new()), rows, schema)
        left = min(self._inline.bytes, self._inline.table_bytes - table.snapshot.inline_bytes)
        return file if file.bytes <= left else None


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


def _layout(table: OpenTable, schema: Schema) -> Layout:
    return layout_of(table.snapshot.definition.maintenance, schema)


def _keeps_order_of_keys(table: OpenTable, schema: Schema) -> bool:
    """Whether rows with one key keep their order in the table's layout: its columns are key columns."""
    layout, keys = _layout(table, schema), table.snapshot.definition.keys
    ids = {partition.column for partition in layout.partition_by}
    ids |= {column.id for order in layout.sort_by if (column := schema.find(order.name))}
    return ids <= set(keys)


def _bitmap(file: DataFile, dead: Positions) -> bytes:
    bits = np.zeros(file.rows, dtype=np.uint8)
    bits[dead] = 1
    return np.packbits(bits).tobytes()
