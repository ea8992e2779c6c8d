"""Rows of small commits, which are Arrow streams in the commit record itself: see decision 0026.

Engines read the rows of all such files of a scan as one table. It is kept for each table and schema, and grows with the
files that come, so that a thousand commits of one row are read like one file.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from supertable.application.storage.arrow.arrow_encodings import readable_field
from supertable.application.storage.arrow.arrow_schemas import FIELD_ID, fields_of, stored_schema
from supertable.application.storage.checksums import digest_of
from supertable.application.storage.column_ranges import ranges_of_rows
from supertable.domain.errors import ObjectDamaged
from supertable.domain.schema.schemas import Schema
from supertable.domain.table.data_files import ColumnRange, DataFile

FILE, ROW = "st_file", "st_row"
"""The columns of engines that locate each row, beside those of `InlineRows`."""
_STREAM = pa.ipc.IpcWriteOptions()
"""Made once: each stream would ask the environment for them."""
_KEPT_BYTES = 64 * 1024 * 1024
_UNUSED_SHARE = 4
_UNUSED_ROWS = 10_000


def inline_file(path: str, rows: pa.Table, schema: Schema) -> DataFile:
    """A file without an object. `rows` have exactly the columns of the schema."""
    content = encoded_rows(rows.cast(stored_schema(schema)))
    return DataFile(
        path=path,
        rows=rows.num_rows,
        bytes=len(content),
        digest=digest_of(content),
        schema_id=schema.id,
        ranges=ranges_of_rows(rows, schema),
        content=content,
    )


def encoded_rows(rows: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema, options=_STREAM) as writer:
        writer.write_table(rows)
    return bytes(sink.getvalue())


def decoded_rows(key: str, file: DataFile) -> pa.Table:
    """The rows of a file without an object, as they were written. Raises `ObjectDamaged`, which names `key`."""
    content = file.content or b""
    if len(content) != file.bytes or digest_of(content) != file.digest:
        raise ObjectDamaged(key, "its rows in the commit record are not those that were written")
    try:
        with pa.ipc.open_stream(content) as reader:
            rows = reader.read_all()
    except (pa.ArrowException, OSError, KeyError) as error:
        raise ObjectDamaged(key, f"its rows in the commit record are not readable ({error})") from error
    if rows.num_rows != file.rows:
        raise ObjectDamaged(key, f"it does not have the {file.rows:,} rows that were written")
    return rows


def are_within_ranges(file: DataFile, rows: pa.Table) -> bool:
    """Whether the recorded ranges hold all values of the file's rows, so that pruning loses none."""
    ids = [int(field.metadata[FIELD_ID]) for field in rows.schema]
    fields = tuple(replace(field, id=number) for field, number in zip(fields_of(rows.schema), ids, strict=True))
    found = ranges_of_rows(rows, Schema(file.schema_id, fields, max(ids)))
    return all(_holds(file.ranges[column], found[column]) for column in file.ranges if column in found)


def _holds(recorded: ColumnRange, found: ColumnRange) -> bool:
    low: Any = recorded.low
    high: Any = recorded.high
    above = low is None or (found.low is not None and found.low >= low)
    below = high is None or (found.high is not None and found.high <= high)
    return bool(above and below and recorded.nulls == found.nulls)


def column_of(field_id: int) -> str:
    """The name of a column in the tables of `InlineRows`."""
    return f"st_c{field_id}"


class InlineRows:
    """The rows of files without objects, verified when they are first read. Thread-safe."""

    def __init__(self, max_bytes: int = _KEPT_BYTES) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._kept: OrderedDict[tuple[str, bytes], _Kept] = OrderedDict()
        self._lock = threading.Lock()

    def table(self, folder: str, files: Sequence[DataFile]) -> pa.Table:
        """The rows of files that were written under one schema, file by file, dead ones included.

        Columns are named by `column_of`. `folder`: of the table that is read. Raises `ObjectDamaged`.
        """
        name = folder, _schema_message(files[0])
        with self._lock:
            kept = self._kept.get(name, _EMPTY)
        extended = kept.with_files(folder, files)
        if extended is not kept:
            self._keep(name, extended)
        return extended.rows_of(files)

    def _keep(self, name: tuple[str, bytes], kept: _Kept) -> None:
        with self._lock:
            self._drop(name)
            self._kept[name] = kept
            self._bytes += kept.rows.nbytes
            while self._bytes > self._max_bytes and len(self._kept) > 1:
                self._drop(next(iter(self._kept)))

    def _drop(self, name: tuple[str, bytes]) -> None:
        dropped = self._kept.pop(name, None)
        self._bytes -= dropped.rows.nbytes if dropped else 0


@dataclass(frozen=True, slots=True, eq=False)
class _Kept:
    """The rows of files, one file after the other. `places`: the number of each file, by path. `starts`: of its rows,
    and the end."""

    places: Mapping[str, int]
    starts: np.ndarray
    rows: pa.Table

    def with_files(self, folder: str, files: Sequence[DataFile]) -> _Kept:
        """The same with all of the files. Files that are not asked for go once they are most of the rows."""
        missing = [file for file in files if file.path not in self.places]
        if not missing:
            return self
        wanted = sum(file.rows for file in files)
        if self.rows.num_rows + len(missing) > wanted * _UNUSED_SHARE + _UNUSED_ROWS:
            return _EMPTY.with_files(folder, files)
        tables = [_readable(decoded_rows(file.key(folder), file)) for file in missing]
        first = [self.rows] if self.places else []
        for file, table in zip(missing, tables, strict=True):
            if table.schema != tables[0].schema:
                raise ObjectDamaged(file.key(folder), "its rows have other columns than those beside them")
        rows = pa.concat_tables([*first, *tables]).combine_chunks()
        starts = np.cumsum([self.starts[-1], *(file.rows for file in missing)])
        new = {file.path: len(self.places) + number for number, file in enumerate(missing)}
        return _Kept({**self.places, **new}, np.concatenate([self.starts[:-1], starts]), rows)

    def rows_of(self, files: Sequence[DataFile]) -> pa.Table:
        places = self.places
        numbers = np.array([places[file.path] for file in files])
        if len(numbers) == len(places) and (numbers == np.arange(len(places))).all():
            return self.rows
        starts = self.starts[numbers]
        return self.rows.take(pa.array(_ranges(starts, self.starts[numbers + 1] - starts)))


_EMPTY = _Kept({}, np.zeros(1, np.int64), pa.table({}))


def _schema_message(file: DataFile) -> bytes:
    """The start of the stream. The schema's id does not do: rows that are staged may have fewer columns, or those of a
    schema that another commit gave its id first."""
    content = file.content or b""
    return content[: 8 + int.from_bytes(content[4:8], "little")]


def _ranges(starts: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The integers from each start, as many as its count, one range after the other."""
    ends = np.cumsum(counts)
    return np.repeat(starts - (ends - counts), counts) + np.arange(ends[-1] if len(ends) else 0)


def _readable(rows: pa.Table) -> pa.Table:
    """The rows with the types in which engines read data files, in columns that are named by field id."""
    fields = [readable_field(field).with_name(column_of(int(field.metadata[FIELD_ID]))) for field in rows.schema]
    return rows.rename_columns([field.name for field in fields]).cast(pa.schema(fields))
