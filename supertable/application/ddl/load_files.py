"""Loading of files into a table, which is created if it does not exist."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from supertable.application.commits.write_result import WriteResult
from supertable.application.ddl.create_table import CreateTable
from supertable.application.ports.readers import FileReader, OpenedFiles, ReadColumn, ReadOptions
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.open_table import OpenTable
from supertable.application.tables.table_info import TableInfo
from supertable.application.writes.typed_reading import require_named_columns, with_types_of
from supertable.application.writes.write_modes import WriteMode
from supertable.application.writes.write_rows import WriteRows
from supertable.domain.access.roles import Permission
from supertable.domain.errors import InvalidInput, TableNotFound
from supertable.domain.table.commits import CommitInfo

Watch = Callable[[OpenedFiles], pa.RecordBatchReader]
"""Returns the rows of opened files, for example as a reader that shows its progress."""


@dataclass(frozen=True, slots=True)
class LoadRequest:
    """What to load where. `keys`, `sequence`: of the table if it is created; else they must be those it has."""

    sources: Sequence[str]
    table: str
    mode: WriteMode = WriteMode.APPEND
    keys: Sequence[str] = ()
    sequence: str | None = None
    evolve: bool = False
    info: CommitInfo = field(default_factory=CommitInfo)


@dataclass(frozen=True, slots=True)
class LoadResult:
    """`columns`: how text was read; empty for other formats."""

    write: WriteResult
    columns: tuple[ReadColumn, ...]


@dataclass(frozen=True, slots=True)
class LoadPreview:
    """What a load would write: the columns, and the first rows."""

    columns: tuple[ReadColumn, ...]
    rows: pa.Table


class LoadFiles:
    def __init__(self, tables: Tables, reader: FileReader, create_table: CreateTable, write_rows: WriteRows) -> None:
        self._tables = tables
        self._reader = reader
        self._create_table = create_table
        self._write_rows = write_rows

    def __call__(
        self, namespace: Namespace, request: LoadRequest, options: ReadOptions, watch: Watch | None = None
    ) -> LoadResult:
        """Write the rows of all files as one version. Raises `InvalidInput` and its kinds, and what `WriteRows` raises.

        If a value does not fit a type that was inferred, the files are read again with types inferred from all rows.
        """
        existing = self._existing(namespace, request)
        with self._reader.open(request.sources, _typed(options, existing)) as opened:
            require_named_columns(options, opened)
            return opened.written(lambda files: self._write(namespace, request, existing, files, watch))

    def preview(self, namespace: Namespace, request: LoadRequest, options: ReadOptions, rows: int) -> LoadPreview:
        """What a load would write, as far as the first `rows` rows tell. Nothing is written."""
        existing = self._existing(namespace, request)
        with self._reader.open(request.sources, _typed(options, existing)) as opened:
            require_named_columns(options, opened)
            return opened.written(lambda files: LoadPreview(files.columns, _first(files.reader, rows)))

    def _existing(self, namespace: Namespace, request: LoadRequest) -> OpenTable | None:
        try:
            table = self._tables.open(namespace, request.table, Permission.WRITE)
        except TableNotFound:
            if request.mode is WriteMode.UPSERT and not request.keys:
                raise InvalidInput(
                    f"Table {request.table} does not exist. To create it by an upsert, give its key columns (--key)."
                ) from None
            return None
        _check_keys(table, request)
        return table

    def _write(
        self,
        namespace: Namespace,
        request: LoadRequest,
        existing: OpenTable | None,
        files: OpenedFiles,
        watch: Watch | None,
    ) -> LoadResult:
        reader = watch(files) if watch else files.reader
        if existing is not None:
            result = self._write_rows.write_into(existing, reader, request.mode, request.evolve, request.info)
            return LoadResult(result, files.columns)
        results: list[WriteResult] = []

        def fill(table: OpenTable) -> None:
            results.append(self._write_rows.write_into(table, reader, WriteMode.APPEND, False, request.info))

        self._create_table(namespace, request.table, reader.schema, request.keys, request.sequence, fill=fill)
        return LoadResult(results[0], files.columns)


def _typed(options: ReadOptions, table: OpenTable | None) -> ReadOptions:
    return options if table is None else with_types_of(options, table.unmasked)


def _check_keys(table: OpenTable, request: LoadRequest) -> None:
    info = TableInfo.of(table)
    keys, sequence = info.keys, info.sequence
    if request.keys and [key.lower() for key in request.keys] != [key.lower() for key in keys]:
        has = f"the keys {', '.join(keys)}" if keys else "no keys"
        raise InvalidInput(f"Table {table.name} has {has}. Give key columns for new tables only.")
    if request.sequence and request.sequence.lower() != (sequence or "").lower():
        has = f"the sequence {sequence}" if sequence else "no sequence"
        raise InvalidInput(f"Table {table.name} has {has}. Give a sequence column for new tables only.")


def _first(reader: pa.RecordBatchReader, rows: int) -> pa.Table:
    batches: list[pa.RecordBatch] = []
    for batch in reader:
        batches.append(batch[:rows])
        rows -= batch.num_rows
        if rows <= 0:
            break
    return pa.Table.from_batches(batches, reader.schema)
