"""Data files as an Arrow table: one row for each file, with the ends of each range in the column of their kind.

The columns `low:{field id}:{kind}` and `high:{field id}:{kind}` hold the known ends, `nulls:{field id}` the number of
nulls (null: the file has no range of this column). Files with properties that the table has no columns for are kept
whole, beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, fields, replace
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa

from supertable.domain.schema.types import Scalar
from supertable.domain.table.data_files import DataFile, DeletionVector

KINDS: Mapping[str, pa.DataType] = {
    "bool": pa.bool_(),
    "int": pa.int64(),
    "float": pa.float64(),
    "text": pa.binary(),
    "big": pa.decimal128(38, 0),
}
"""Texts are UTF-8, which sorts by code point. `big`: integers that 64 bits cannot hold."""
CORE = {
    "path": pa.string(),
    "rows": pa.int64(),
    "bytes": pa.int64(),
    "digest": pa.string(),
    "schema_id": pa.int64(),
    "folder": pa.string(),
    "vector_path": pa.string(),
    "vector_rows": pa.int64(),
    "vector_digest": pa.string(),
    "vector_folder": pa.string(),
    "whole": pa.bool_(),
}
_FILE = frozenset({"path", "rows", "bytes", "digest", "schema_id", "folder", "ranges", "deletes"})
_VECTOR = frozenset({"path", "rows", "digest", "folder"})
_MORE_OF_FILE = [each for each in fields(DataFile) if each.name not in _FILE]
_MORE_OF_VECTOR = [each for each in fields(DeletionVector) if each.name not in _VECTOR]
_INT64 = range(-(2**63), 2**63)
_MOST_BIG = 10**38


def file_table(files: Sequence[DataFile]) -> tuple[pa.Table, dict[int, DataFile]]:
    """The table, and the files that it has only a part of (`whole`), by row."""
    whole = {row: _detached(file) for row, file in enumerate(files) if not _is_plain(file)}
    vectors = [file.deletes for file in files]
    columns: dict[str, Sequence[Any]] = {
        "path": [file.path for file in files],
        "rows": [file.rows for file in files],
        "bytes": [file.bytes for file in files],
        "digest": [file.digest for file in files],
        "schema_id": [file.schema_id for file in files],
        "folder": [file.folder for file in files],
        "vector_path": [vector and vector.path for vector in vectors],
        "vector_rows": [vector and vector.rows for vector in vectors],
        "vector_digest": [vector and vector.digest for vector in vectors],
        "vector_folder": [vector and vector.folder for vector in vectors],
        "whole": [row in whole for row in range(len(files))],
    }
    arrays = {name: pa.array(column, CORE[name]) for name, column in columns.items()}
    return pa.table({**arrays, **_range_columns(files)}), whole


def has_columns(schema: pa.Schema) -> bool:
    """Whether a table has the columns of `file_table`, and no others."""
    expected = dict(CORE)
    for name in set(schema.names) - CORE.keys():
        end, _, rest = name.partition(":")
        field_id, _, kind = rest.partition(":")
        if not field_id.isdigit() or name not in (nulls_name(int(field_id)), *_end_names(int(field_id), kind)):
            return False
        expected[name] = pa.int64() if end == "nulls" else KINDS[kind]
    return {field.name: field.type for field in schema} == expected


def _end_names(field_id: int, kind: str) -> tuple[str, ...]:
    return (low_name(field_id, kind), high_name(field_id, kind)) if kind in KINDS else ()


def low_name(field_id: int, kind: str) -> str:
    return f"low:{field_id}:{kind}"


def high_name(field_id: int, kind: str) -> str:
    return f"high:{field_id}:{kind}"


def nulls_name(field_id: int) -> str:
    return f"nulls:{field_id}"


def stored_kind(value: Scalar) -> str | None:
    """The kind of an end of a range; None: no column can hold it."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int" if value in _INT64 else "big" if abs(value) < _MOST_BIG else None
    if isinstance(value, float):
        return "float"
    return None if any("\ud800" <= character <= "\udfff" for character in value) else "text"


def scalar_of(kind: str, stored: Any) -> Scalar:
    """The end of a range from the value that its column has."""
    if kind == "text":
        return str(stored, "utf-8")
    return int(stored) if kind == "big" else stored


def _stored(kind: str, value: Any) -> Any:
    if kind == "text":
        return value.encode()
    return Decimal(value) if kind == "big" else value


def _is_plain(file: DataFile) -> bool:
    if any(getattr(file, each.name) != _default(each) for each in _MORE_OF_FILE):
        return False
    if file.deletes and any(getattr(file.deletes, each.name) != _default(each) for each in _MORE_OF_VECTOR):
        return False
    ends = (end for found in file.ranges.values() for end in (found.low, found.high) if end is not None)
    return all(map(stored_kind, ends))


def _default(each: Field[Any]) -> Any:
    return each.default_factory() if each.default_factory is not MISSING else each.default


def _detached(file: DataFile) -> DataFile:
    """The file without references to the arrays that it may come from."""
    return replace(file, ranges=dict(file.ranges))


def _range_columns(files: Sequence[DataFile]) -> dict[str, pa.Array]:
    cells: dict[str, dict[int, Any]] = {}
    for row, file in enumerate(files):
        for field_id, found in file.ranges.items():
            cells.setdefault(nulls_name(field_id), {})[row] = found.nulls
            _add_end(cells, low_name, field_id, row, found.low)
            _add_end(cells, high_name, field_id, row, found.high)
    return {name: _column(name, cells[name], len(files)) for name in sorted(cells)}


def _add_end(cells: dict[str, dict[int, Any]], name: Any, field_id: int, row: int, value: Scalar | None) -> None:
    kind = None if value is None else stored_kind(value)
    if kind:
        cells.setdefault(name(field_id, kind), {})[row] = _stored(kind, value)


def _column(name: str, cells: Mapping[int, Any], length: int) -> pa.Array:
    kind = KINDS[name.rpartition(":")[2]] if not name.startswith("nulls:") else pa.int64()
    values = pa.array(list(cells.values()), kind)
    if len(cells) == length:
        return values
    places = np.full(length, -1, np.int64)
    places[list(cells)] = np.arange(len(cells))
    return values.take(pa.array(places, mask=places < 0))
