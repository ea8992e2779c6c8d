"""JSON files with inferred types: an array of objects, consecutive objects, or one object to a line (NDJSON).

DuckDB infers a column for every key in the sample, and refuses a key that occurs only later. It does so only while it
infers the types: with types given, it drops unknown keys. So a column is cast after reading where possible. Where a
column must be read with another type, all rows are scanned for keys first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from supertable.adapters.readers.prepared_files import PreparedFile
from supertable.adapters.readers.text.duckdb_types import known_types
from supertable.adapters.readers.text.text_scanner import SqlValue, TextScanner, first_bytes, identifier, scanner
from supertable.application.ports.readers import OpenedFiles, ReadOptions
from supertable.domain.errors import UnreadableInput

_ZONED = "bool_and(regexp_matches({}, '(Z|[+-][0-9]{{2}}(:?[0-9]{{2}})?)$'))"
_BIG_INTEGERS = "bool_and(regexp_full_match({}, '-?[0-9]{{1,38}}'))"

_TIMESTAMP = "TIMESTAMP"
_ZONED_TIMESTAMP = "TIMESTAMP WITH TIME ZONE"
_TEMPORAL = frozenset({"DATE", "TIME", _TIMESTAMP})
_INTEGERS = frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"})
_UNSIGNED = frozenset({"UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"})
_NUMERIC = _INTEGERS | _UNSIGNED | {"FLOAT", "DOUBLE"}


@contextmanager
def open_json(files: Sequence[PreparedFile], options: ReadOptions) -> Iterator[OpenedFiles]:
    with scanner("read_json", files) as scan:
        arguments = _arguments(files, options)
        columns = _inferred_columns(scan, arguments)
        known = known_types(columns, options.types)
        exact = _exact_types(scan, arguments, columns, known, options)
        if exact:
            columns = _inferred_columns(scan, arguments | {"sample_size": -1})
        zoned = _zoned_columns(scan, arguments, columns, known, options)
        if exact:
            columns = columns | dict.fromkeys(zoned, _ZONED_TIMESTAMP) | exact
            yield scan.read(_with_types(arguments, columns), _select_list(columns, known, set()))
        else:
            yield scan.read(arguments, _select_list(columns, known, zoned))


def _arguments(files: Sequence[PreparedFile], options: ReadOptions) -> dict[str, SqlValue]:
    return {
        "format": _layout(files),
        "records": True,
        "sample_size": options.sample_rows,
        "maximum_object_size": max(options.max_line_bytes, 16 * 1024 * 1024),
        "dateformat": "%Y-%m-%d",
        "hive_partitioning": False,
        "union_by_name": len(files) > 1,
    }


def _layout(files: Sequence[PreparedFile]) -> str:
    """The layout of the objects. If DuckDB detected it while types are given, it would take an array for one object."""
    if all(file.format == "ndjson" for file in files):
        return "newline_delimited"
    for file in files:
        if _is_array(file) != _is_array(files[0]):
            raise UnreadableInput(
                file.name, f"only one of it and {files[0].name} is a JSON array. Load them separately."
            )
    return "array" if _is_array(files[0]) else "unstructured"


def _is_array(file: PreparedFile) -> bool:
    return first_bytes(file).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"[")


def _inferred_columns(scan: TextScanner, arguments: dict[str, SqlValue]) -> dict[str, str]:
    """The type of each column, as inferred.

    Where DuckDB infers one map from wide or sparse records, adds the arguments that prevent it.
    """
    try:
        return scan.columns(arguments)
    except UnreadableInput as error:
        if "non-record JSON" not in error.reason:
            raise
        arguments |= {"map_inference_threshold": -1, "field_appearance_threshold": 0}
    try:
        return scan.columns(arguments)
    except UnreadableInput as error:
        raise UnreadableInput(
            error.source,
            "every row must be a JSON object with at least one key; the file has other rows, or none.",
        ) from error


def _exact_types(
    scan: TextScanner,
    arguments: dict[str, SqlValue],
    columns: Mapping[str, str],
    known: Mapping[str, str],
    options: ReadOptions,
) -> dict[str, str]:
    """The columns whose inferred type loses information, with the type to read instead."""
    lossy = {
        name: type_
        for name, type_ in known.items()
        if (type_ == "VARCHAR" and columns[name] in _TEMPORAL | {_ZONED_TIMESTAMP, "UUID"})
        or (type_.startswith("DECIMAL") and columns[name] == "DOUBLE")
    }
    floats = [name for name, type_ in columns.items() if type_ == "DOUBLE" and name not in known]
    big = scan.columns_satisfying(_as_text(arguments, floats), floats, _BIG_INTEGERS, options.sample_rows)
    return lossy | dict.fromkeys(big, "DECIMAL(38,0)")


def _zoned_columns(
    scan: TextScanner,
    arguments: dict[str, SqlValue],
    columns: Mapping[str, str],
    known: Mapping[str, str],
    options: ReadOptions,
) -> set[str]:
    """Timestamp columns whose values name their zone. DuckDB converts them to UTC and drops the zone."""
    timestamps = [name for name, type_ in columns.items() if type_ == _TIMESTAMP and name not in known]
    return scan.columns_satisfying(_as_text(arguments, timestamps), timestamps, _ZONED, options.sample_rows) | {
        name for name, type_ in known.items() if type_ == _ZONED_TIMESTAMP and columns[name] == _TIMESTAMP
    }


def _select_list(columns: Mapping[str, str], known: Mapping[str, str], zoned: set[str]) -> str:
    return ", ".join(_expression(name, type_, known.get(name), name in zoned) for name, type_ in columns.items())


def _expression(name: str, inferred: str, known: str | None, zoned: bool) -> str:
    column = identifier(name)
    if zoned:
        return f"timezone('UTC', {column}) AS {column}"
    if known is not None and _castable(inferred, known):
        return f"CAST({column} AS {known}) AS {column}"
    return column


def _castable(inferred: str, known: str) -> bool:
    if inferred == known:
        return False
    if inferred == "VARCHAR":
        return known in _TEMPORAL or known.startswith("TIMESTAMP")
    if inferred in _NUMERIC:
        return known in _NUMERIC or known.startswith("DECIMAL")
    return inferred == "JSON" or (inferred in _TEMPORAL and known.startswith("TIMESTAMP"))


def _as_text(arguments: dict[str, SqlValue], names: Sequence[str]) -> dict[str, SqlValue]:
    return _with_types(arguments, dict.fromkeys(names, "VARCHAR"))


def _with_types(arguments: dict[str, SqlValue], columns: Mapping[str, str]) -> dict[str, SqlValue]:
    inference = {"sample_size", "map_inference_threshold", "field_appearance_threshold", "union_by_name"}
    kept = {name: value for name, value in arguments.items() if name not in inference}
    return {**kept, "columns": dict(columns)}
