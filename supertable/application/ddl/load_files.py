"""Loading of files into a table, which is created if it does not exist."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from supertable.application.commits.write_result import WriteResult
from supertable.application.ddl.write_or_create import WriteOrCreate, WriteTarget
from supertable.application.ports.readers import FileReader, OpenedFiles, ReadColumn, ReadOptions
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.open_table import OpenTable
from supertable.application.writes.typed_reading import require_named_columns, with_types_of

Watch = Callable[[OpenedFiles], pa.RecordBatchReader]
"""Returns the rows of opened files, for example as a reader that shows its progress."""


@dataclass(frozen=True, slots=True)
class LoadRequest:
    """What to load where."""

    sources: Sequence[str]
    target: WriteTarget


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
    def __init__(self, reader: FileReader, write: WriteOrCreate) -> None:
        self._reader = reader
        self._write = write

    def __call__(
        self, namespace: Namespace, request: LoadRequest, options: ReadOptions, watch: Watch | None = None
    ) -> LoadResult:
        """Write the rows of all files as one version. Raises `InvalidInput` and its kinds, and what `WriteRows` raises.

        If a value does not fit a type that was inferred, the files are read again with types inferred from all rows.
        """
        existing = self._write.existing(namespace, request.target)

        def written(files: OpenedFiles) -> LoadResult:
            reader = watch(files) if watch else files.reader
            return LoadResult(self._write(namespace, request.target, existing, reader), files.columns)

        with self._reader.open(request.sources, _typed(options, request.target, existing)) as opened:
            require_named_columns(options, opened)
            return opened.written(written)

    def preview(self, namespace: Namespace, request: LoadRequest, options: ReadOptions, rows: int) -> LoadPreview:
        """What a load would write, as far as the first `rows` rows tell. Nothing is written."""
        existing = self._write.existing(namespace, request.target)
        with self._reader.open(request.sources, _typed(options, request.target, existing)) as opened:
            require_named_columns(options, opened)
            return opened.written(lambda files: LoadPreview(files.columns, _first(files.reader, rows)))


def _typed(options: ReadOptions, target: WriteTarget, table: OpenTable | None) -> ReadOptions:
    options = replace(options, timezone=target.timezone)
    return options if table is None else with_types_of(options, table.unmasked)


def _first(reader: pa.RecordBatchReader, rows: int) -> pa.Table:
    batches: list[pa.RecordBatch] = []
    for batch in reader:
        batches.append(batch[:rows])
        rows -= batch.num_rows
        if rows <= 0:
            break
    return pa.Table.from_batches(batches, reader.schema)
