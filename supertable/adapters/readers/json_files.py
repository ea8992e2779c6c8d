"""JSON files: an array of objects, objects one after the other, or one object to a line (NDJSON).

DuckDB infers a column for every key in the sample, and refuses a key that comes up only later. It does so
only while it infers types itself: with types given, it drops unknown keys. So where a column must be read
differently, all rows are scanned for keys first; a plain cast is preferred.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from supertable.adapters.readers.column_types import known_types
from supertable.adapters.readers.duckdb_text import SqlValue, TextScanner, first_bytes, identifier, scanner
from supertable.adapters.readers.prepared_files import StagedFile
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
def open_json(files: Sequence[StagedFile], options: ReadOptions) -> Iterator[OpenedFiles]:
    with scanner("read_json", files) as scan:
        arguments = _arguments(files, options)
        columns = _columns(scan, arguments)
        known = known_types(columns, options.types)
        reread = _to_reread(scan, arguments, columns, known, options)
        if reread:
            columns = _columns(scan, arguments | {"sample_size": -1})
        zoned = _zoned(scan, arguments, columns, known, options)
        if reread:
            columns = columns | dict.fromkeys(zoned, _ZONED_TIMESTAMP) | reread
            yield scan.read(_typed(arguments, columns), _selected(columns, known, set()))
        else:
            yield scan.read(arguments, _selected(columns, known, zoned))


def _arguments(files: Sequence[StagedFile], options: ReadOptions) -> dict[str, SqlValue]:
    return {
        "format": _layout(files),
        "records": True,
        "sample_size": options.sample_rows,
        "maximum_object_size": max(options.max_line_bytes, 16 * 1024 * 1024),
        "dateformat": "%Y-%m-%d",
        "hive_partitioning": False,
        "union_by_name": len(files) > 1,
    }


def _layout(files: Sequence[StagedFile]) -> str:
    """How the objects are laid out. Left to find out while types are given, DuckDB takes an array for one object."""
    if all(file.format == "ndjson" for file in files):
        return "newline_delimited"
    for file in files:
        if _is_array(file) != _is_array(files[0]):
            raise UnreadableInput(
                file.name, f"of it and {files[0].name} only one is a JSON array. Load them one after the other."
            )
    return "array" if _is_array(files[0]) else "unstructured"


def _is_array(file: StagedFile) -> bool:
    return first_bytes(file).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"[")


def _columns(scan: TextScanner, arguments: dict[str, SqlValue]) -> dict[str, str]:
    """The columns as inferred. Sets what keeps DuckDB from taking wide or sparse records for one map."""
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
            "it has to hold JSON objects, with at least one key; it holds something else, or none.",
        ) from error


def _to_reread(
    scan: TextScanner,
    arguments: dict[str, SqlValue],
    columns: Mapping[str, str],
    known: Mapping[str, str],
    options: ReadOptions,
) -> dict[str, str]:
    """Columns that were inferred with loss, and the type to read them as from the text instead."""
    lossy = {
        name: type_
        for name, type_ in known.items()
        if (type_ == "VARCHAR" and columns[name] in _TEMPORAL | {_ZONED_TIMESTAMP, "UUID"})
        or (type_.startswith("DECIMAL") and columns[name] == "DOUBLE")
    }
    floats = [name for name, type_ in columns.items() if type_ == "DOUBLE" and name not in known]
    big = scan.holds(_as_text(arguments, floats), floats, _BIG_INTEGERS, options.sample_rows)
    return lossy | dict.fromkeys(big, "DECIMAL(38,0)")


def _zoned(
    scan: TextScanner,
    arguments: dict[str, SqlValue],
    columns: Mapping[str, str],
    known: Mapping[str, str],
    options: ReadOptions,
) -> set[str]:
    """Timestamp columns whose values name their zone. DuckDB has turned them to UTC and dropped the zone."""
    timestamps = [name for name, type_ in columns.items() if type_ == _TIMESTAMP and name not in known]
    return scan.holds(_as_text(arguments, timestamps), timestamps, _ZONED, options.sample_rows) | {
        name for name, type_ in known.items() if type_ == _ZONED_TIMESTAMP and columns[name] == _TIMESTAMP
    }


def _selected(columns: Mapping[str, str], known: Mapping[str, str], zoned: set[str]) -> str:
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
    return _typed(arguments, dict.fromkeys(names, "VARCHAR"))


def _typed(arguments: dict[str, SqlValue], columns: Mapping[str, str]) -> dict[str, SqlValue]:
    inference = {"sample_size", "map_inference_threshold", "field_appearance_threshold", "union_by_name"}
    kept = {name: value for name, value in arguments.items() if name not in inference}
    return {**kept, "columns": dict(columns)}
