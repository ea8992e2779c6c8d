"""Data files as an Arrow table: one row for each file, with the ends of each range in the column of their kind.

The columns `low:{field id}:{kind}` and `high:{field id}:{kind}` hold the known ends, `nulls:{field id}` the number of
nulls (null: the file has no range of this column). Files with properties that the table has no columns for are kept
whole, beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields, replace
from decimal import Decimal
from operator import attrgetter
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


def _others(kind: type[DataFile] | type[DeletionVector], known: frozenset[str]) -> tuple[Callable[[Any], Any], Any]:
    """A getter of the properties that are not known, and what it gets where they have their defaults."""
    others = [each for each in fields(kind) if each.name not in known]
    get = attrgetter("__class__", *(each.name for each in others))
    defaults = [each.default if each.default_factory is MISSING else each.default_factory() for each in others]
    return get, (kind, *defaults)


_more_of_file, _DEFAULTS_OF_FILE = _others(DataFile, _FILE)
_more_of_vector, _DEFAULTS_OF_VECTOR = _others(DeletionVector, _VECTOR)
_LEAST, _MOST = -(2**63), 2**63 - 1
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
    kind = type(value)
    if kind is int:
        return "int" if _LEAST <= value <= _MOST else "big" if abs(value) < _MOST_BIG else None  # type: ignore[operator, arg-type]
    if kind is str:
        return "text" if _is_unicode(value) else None  # type: ignore[arg-type]
    return "bool" if kind is bool else "float"


def _is_unicode(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


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
    if _more_of_file(file) != _DEFAULTS_OF_FILE:
        return False
    if file.deletes and _more_of_vector(file.deletes) != _DEFAULTS_OF_VECTOR:
        return False
    for found in file.ranges.values():
        for end in (found.low, found.high):
            if end is not None and stored_kind(end) is None:
                return False
    return True


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
