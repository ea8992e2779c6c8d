"""The options of a load, the same for Python, the command line and the REST API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias, TypedDict

import pyarrow as pa

from supertable.application.ports.readers import ReadOptions, RejectSink
from supertable.application.storage.arrow.arrow_schemas import arrow_type
from supertable.domain.errors import InvalidInput
from supertable.domain.schema.type_names import named_type

Format: TypeAlias = Literal["csv", "tsv", "json", "ndjson", "parquet", "arrow"]
Compression: TypeAlias = Literal["none", "gzip", "zstd", "zip"]
OnError: TypeAlias = Literal["stop", "skip", "rejects"]
Type: TypeAlias = "str | pa.DataType"
_RENAMED = {"columns": "column_names", "sample_size": "sample_rows", "decimal": "decimal_mark"}
_SPECIAL = frozenset({"types", "date_format", "null", "columns"})
_DETECTED = ReadOptions()


class LoadOptions(TypedDict, total=False):
    """How files are read. What is not given is detected.

    `types`: types of columns, such as `{"zip": "string", "price": "decimal(10,2)"}`. `date_format`: of all dates, or by
    column, as in `strptime`. `decimal`: the mark in numbers, `.` or `,`. `null`: texts that mean null besides the empty
    one. `header`: whether the first row of CSV has names. `columns`: names for the columns of CSV. `sample_size`: how
    many rows types are inferred from, -1: all. `all_text`: infer no types. `lenient`: fill short rows with nulls, and
    accept mixed line ends and stray quotes. `skip_lines`: how many lines precede the header.
    """

    format: Format | None
    compression: Compression | None
    encoding: str | None
    delimiter: str | None
    quote: str
    escape: str
    header: bool | None
    columns: Sequence[str]
    skip_lines: int
    types: Mapping[str, Type]
    date_format: str | Mapping[str, str]
    decimal: str
    null: str | Sequence[str]
    all_text: bool
    lenient: bool
    sample_size: int
    max_line_bytes: int
    max_unpacked_bytes: int


def read_options(given: LoadOptions, rejects: RejectSink | None = None) -> ReadOptions:
    """The options for a reader. Raises `InvalidInput` for an unknown option or type."""
    if not given and rejects is None:
        return _DETECTED
    known = LoadOptions.__annotations__
    unknown = set(given) - set(known)
    if unknown:
        raise InvalidInput(f"{min(unknown)!r} is no option of a load. The options are {', '.join(sorted(known))}.")
    plain = {_RENAMED.get(name, name): value for name, value in given.items() if name not in _SPECIAL}
    types = {name: type_of(kind, name) for name, kind in given.get("types", {}).items()}
    dates, null = given.get("date_format", {}), given.get("null", ())
    return ReadOptions(
        **plain,  # type: ignore[arg-type]
        types=types,
        as_text=frozenset(name.lower() for name, kind in types.items() if pa.types.is_string(kind)),
        date_formats={"": dates} if isinstance(dates, str) else dict(dates),
        null_strings=(null,) if isinstance(null, str) else tuple(null),
        column_names=tuple(given.get("columns", ())),
        rejects=rejects,
    )


def type_of(kind: Type, column: str) -> pa.DataType:
    """The type that a name such as `decimal(10,2)` means. Raises `InvalidSchema`, which names the column."""
    return arrow_type(named_type(kind, column)) if isinstance(kind, str) else kind
