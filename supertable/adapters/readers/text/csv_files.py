"""CSV and TSV files. DuckDB's sniffer finds delimiter, header and types; the rest is set explicitly.

By default the sniffer skips lines at the top, drops lines that look like comments, and reads quotes as text when the
sample has none, so that rows would be lost or changed silently.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from supertable.adapters.readers import command_line_hints as hints
from supertable.adapters.readers.prepared_files import PreparedFile
from supertable.adapters.readers.text.base64_columns import from_base64
from supertable.adapters.readers.text.duckdb_types import known_types
from supertable.adapters.readers.text.exact_values import inexact_sql
from supertable.adapters.readers.text.text_scanner import SqlValue, TextScanner, scanner
from supertable.application.ports.readers import OpenedFiles, ReadOptions
from supertable.domain.errors import UnreadableInput

_DELIMITERS = ",;\t|"
_MIN_BUFFER_BYTES = 16 * 1024 * 1024
# DuckDB infers DOUBLE for integers beyond 64 bits, which loses digits.
_BIG_INTEGERS = "bool_and(regexp_full_match({}, '[+-]?[0-9]{{1,38}}'))"


@contextmanager
def open_csv(files: Sequence[PreparedFile], options: ReadOptions) -> Iterator[OpenedFiles]:
    with scanner("read_csv", files) as scan:
        arguments = _arguments(files, options)
        columns = _sniffed_columns(scan, arguments, options)
        binary = _binary_columns(columns, options)
        types = {} if options.all_text else known_types(columns, options.types)
        types |= dict.fromkeys(binary, "VARCHAR")
        if not options.all_text:
            types |= _big_integer_types(scan, arguments, columns, types, options)
            _require_exact(scan, arguments, columns | types)
        opened = scan.read(arguments | _types_argument(types))
        yield replace(opened, reader=from_base64(opened.reader, binary)) if binary else opened


def _big_integer_types(
    scan: TextScanner,
    arguments: dict[str, SqlValue],
    columns: Mapping[str, str],
    types: Mapping[str, str],
    options: ReadOptions,
) -> dict[str, str]:
    """An exact type for the columns that were inferred as DOUBLE and hold only integers in the sample."""
    floats = [name for name, type_ in columns.items() if type_ == "DOUBLE" and name not in types]
    as_text = arguments | {"all_varchar": True}
    big = scan.columns_satisfying(as_text, floats, _BIG_INTEGERS, options.sample_rows)
    return dict.fromkeys(big, "DECIMAL(38,0)")


def _require_exact(scan: TextScanner, arguments: dict[str, SqlValue], types: Mapping[str, str]) -> None:
    """Raises `UnreadableInput` for a value that DuckDB would round to read it as the type of its column."""
    conditions = {name: test for name, kind in types.items() if (test := inexact_sql(name, kind))}
    found = scan.examples(arguments | {"all_varchar": True}, conditions)
    for name, value in found.items():
        raise UnreadableInput(
            scan.files[0].name,
            f"column {name!r}: {value[:120]!r} does not fit the column's type {types[name]} exactly, and would be "
            f"rounded. Correct the value. "
            f"{hints.ALL_TEXT}",
        )


def _types_argument(types: dict[str, str]) -> dict[str, SqlValue]:
    """DuckDB refuses an empty mapping."""
    return {"types": types} if types else {}


def _binary_columns(columns: Iterable[str], options: ReadOptions) -> list[str]:
    """The columns whose values are base64: those that are binary in the table."""
    table = options.columns
    found = {name: table.find(name) for name in columns} if table else {}
    return [name for name, field in found.items() if field and field.type.name == "binary"]


def _sniffed_columns(scan: TextScanner, arguments: dict[str, SqlValue], options: ReadOptions) -> dict[str, str]:
    """The type of each column, as sniffed. Sets the delimiter where the sniffer took whole lines for one column."""
    try:
        columns = scan.columns(arguments)
        name = next(iter(columns))
        if "delim" in arguments or len(columns) > 1 or not any(mark in name for mark in _DELIMITERS):
            return columns
        arguments["delim"] = max(_DELIMITERS, key=name.count)
        return scan.columns(arguments)
    except UnreadableInput as error:
        raise _located_error(scan, arguments, options) or error from error


def _located_error(scan: TextScanner, arguments: dict[str, SqlValue], options: ReadOptions) -> UnreadableInput | None:
    """The first error of a strict scan, with its line. The sniffer reports only that no dialect fits the sample."""
    for file in scan.files:
        header = _first_line(file, options)
        delimiter = arguments.get("delim") or max(_DELIMITERS, key=header.count)
        names = next(csv.reader(io.StringIO(header), delimiter=str(delimiter)[:1], quotechar=options.quote or None), [])
        strict = {
            **arguments,
            "auto_detect": False,
            "delim": delimiter,
            "header": options.header is not False,
            "columns": {f"column{position}": "VARCHAR" for position in range(len(names))},
        }
        del strict["sample_size"], strict["all_varchar"]
        try:
            single = TextScanner(scan.connection, "read_csv", [file])
            single.columns_satisfying(strict, ["column0"], "count({})", -1)
        except UnreadableInput as error:
            return error
    return None


def _arguments(files: Sequence[PreparedFile], options: ReadOptions) -> dict[str, SqlValue]:
    arguments: dict[str, SqlValue] = {
        "quote": options.quote,
        "escape": options.escape if options.quote else "",
        "comment": "",
        "skip": options.skip_lines,
        "nullstr": ["", *options.null_strings],
        "sample_size": options.sample_rows,
        "all_varchar": options.all_text,
        "max_line_size": options.max_line_bytes,
        "buffer_size": max(_MIN_BUFFER_BYTES, 2 * options.max_line_bytes),
        "compression": "none",
        "hive_partitioning": False,
        "union_by_name": len(files) > 1,
    }
    delimiter = options.delimiter or ("\t" if files[0].format == "tsv" else None)
    if delimiter is not None:
        arguments["delim"] = delimiter
    if options.header is not None:
        arguments["header"] = options.header
    if options.lenient:
        arguments |= {"strict_mode": False, "null_padding": True}
    return arguments


def _first_line(file: PreparedFile, options: ReadOptions) -> str:
    with file.path.open(encoding="utf-8-sig", errors="replace") as text:
        for _ in range(options.skip_lines):
            text.readline(options.max_line_bytes)
        return text.readline(options.max_line_bytes)
