"""The layout of a CSV file: its delimiter, the names of its columns, and whether the first row holds them.

DuckDB's sniffer finds the delimiter. The rest is decided here, because the sniffer decides it by types of its own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, pairwise

import pyarrow as pa

from supertable.adapters.readers import command_line_hints as hints
from supertable.adapters.readers.prepared_files import PreparedFile
from supertable.adapters.readers.text.lenient_rows import LenientRows, csv_reader, without_rejects
from supertable.adapters.readers.text.text_scanner import SqlValue, TextScanner
from supertable.adapters.readers.values.exact_values import ISO, TextForm
from supertable.adapters.readers.values.guesses import guessed
from supertable.application.ports.readers import ReadOptions
from supertable.domain.errors import UnreadableInput

_DELIMITERS = ",;\t|"
_MIN_BUFFER_BYTES = 16 * 1024 * 1024
_LINES_BELOW = 10
_ROWS_FOR_HEADER = 1_000
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
_YEAR = re.compile(r"(18|19|20|21)\d\d")


@dataclass(frozen=True, slots=True)
class CsvLayout:
    """`skipped_lines` precede the header, or the rows if there is none."""

    file: PreparedFile
    delimiter: str
    names: tuple[str, ...]
    has_header: bool
    skipped_lines: int


def layout_of(scan: TextScanner, options: ReadOptions) -> CsvLayout:
    """The layout of the only file of `scan`. Raises `UnreadableInput`."""
    (file,) = scan.files
    skipped, delimiter = options.skip_lines, options.delimiter or ("\t" if file.format == "tsv" else None)
    separator = _SEPARATOR_LINE.fullmatch(first_line(file, skipped, options.max_line_bytes))
    if separator:
        skipped, delimiter = skipped + 1, delimiter or separator[1]
    is_given = delimiter is not None
    delimiter, width = _sniffed(scan, options, skipped, delimiter)
    if width == 1 and not is_given:
        _require_no_title(file, skipped, options)
    scan.prepare_for(width)
    arguments = arguments_of(options, delimiter, width, skipped)
    rows = _first_rows(scan, options, arguments, delimiter, width, skipped)
    first = [column[0].as_py() if rows.num_rows else None for column in rows.columns]
    has_header = options.header
    if has_header is None:
        has_header = _has_quoted_names(file, skipped, options, first) or _is_header(first, rows.slice(1), options)
    return CsvLayout(file, delimiter, _names(file, first, has_header, options.column_names), has_header, skipped)


def _first_rows(
    scan: TextScanner,
    options: ReadOptions,
    arguments: dict[str, SqlValue],
    delimiter: str,
    width: int,
    skipped: int,
) -> pa.Table:
    if not options.lenient:
        return scan.rows(arguments, _ROWS_FOR_HEADER)
    rows = LenientRows(scan.files[0], delimiter, width, skipped, without_rejects(options))
    return pa.Table.from_batches(islice(rows.batches(has_header=False), 1), rows.schema)[:_ROWS_FOR_HEADER]


def arguments_of(
    options: ReadOptions, delimiter: str, width: int, skipped: int, has_header: bool = False
) -> dict[str, SqlValue]:
    """The arguments of `read_csv` that read every column as text, and guess nothing."""
    columns = {f"column{i}": "VARCHAR" for i in range(width)}
    return _common(options, skipped) | {
        "auto_detect": False,
        "delim": delimiter,
        "header": has_header,
        "columns": columns,
        "nullstr": ["", *options.null_strings],
        "compression": "none",
        **({"ignore_errors": True} if options.rejects is not None else {}),
    }


def first_line(file: PreparedFile, skipped: int, most_bytes: int) -> str:
    with file.path.open(encoding="utf-8-sig", errors="replace") as text:
        for _ in range(skipped):
            text.readline(most_bytes)
        return text.readline(most_bytes)


def _common(options: ReadOptions, skipped: int) -> dict[str, SqlValue]:
    """By default DuckDB skips lines at the top, drops lines that look like comments, and reads quotes as text when the
    sample has none, so that rows would be lost or changed silently.
    """
    arguments: dict[str, SqlValue] = {
        "quote": options.quote,
        "escape": options.escape if options.quote else "",
        "comment": "",
        "skip": skipped,
        "max_line_size": options.max_line_bytes,
        "buffer_size": max(_MIN_BUFFER_BYTES, 2 * options.max_line_bytes),
    }
    return arguments | ({"strict_mode": False, "null_padding": True} if options.lenient else {})


def _sniffed(scan: TextScanner, options: ReadOptions, skipped: int, delimiter: str | None) -> tuple[str, int]:
    """The delimiter and the number of columns."""
    given: dict[str, SqlValue] = {"delim": delimiter} if delimiter else {}
    arguments = _common(options, skipped) | given | {"header": False, "all_varchar": True}
    header = first_line(scan.files[0], skipped, options.max_line_bytes)
    try:
        found, width = scan.sniffed(arguments | {"sample_size": max(options.sample_rows, 1)})
        if delimiter or width > 1 or not any(mark in header for mark in _DELIMITERS):
            return found, width
        return scan.sniffed(arguments | {"delim": max(_DELIMITERS, key=header.count)})
    except UnreadableInput as error:
        if options.lenient or options.rejects is not None:
            delimiter = delimiter or max(_DELIMITERS, key=header.count)
            return delimiter, len(_cells(header, delimiter, options)) or 1
        if header.lstrip().startswith(("{", "[")):
            raise UnreadableInput(scan.files[0].name, f"it looks like JSON, not CSV. {hints.JSON}") from error
        raise _located_error(scan, options, skipped, delimiter, header) or error from error


def _located_error(
    scan: TextScanner, options: ReadOptions, skipped: int, delimiter: str | None, header: str
) -> UnreadableInput | None:
    """The first error of a strict scan, with its line. The sniffer reports only that no dialect fits the sample."""
    delimiter = delimiter or max(_DELIMITERS, key=header.count)
    names = _cells(header, delimiter, options)
    try:
        for _ in scan.read(arguments_of(options, delimiter, len(names), skipped), "count(*)").reader:
            pass
    except UnreadableInput as error:
        return error
    return None


def _require_no_title(file: PreparedFile, skipped: int, options: ReadOptions) -> None:
    """Raises `UnreadableInput` where all lines but the first have the same number of columns."""
    numbers = range(skipped + 1, skipped + _LINES_BELOW)
    below = [line for i in numbers if (line := first_line(file, i, options.max_line_bytes)).strip()]
    for mark in _DELIMITERS:
        widths = {len(_cells(line, mark, options)) for line in below}
        if len(below) > 1 and len(widths) == 1 and widths != {1}:
            raise UnreadableInput(
                file.name,
                f"line {skipped + 1}: 1 column found, and {widths.pop()} in the lines below. {hints.SKIP} "
                f"{hints.DELIMITER}",
            )


def _cells(line: str, delimiter: str, options: ReadOptions) -> list[str]:
    return next(csv_reader(iter([line]), delimiter[:1], options), [])


def _is_header(first: Sequence[str | None], rest: pa.Table, options: ReadOptions) -> bool:
    """Whether the first row has names: the given or known ones, or else what its columns do not hold below it.

    Where all is text, it does unless a name is also a value of its column.
    """
    cells = [cell.strip() for cell in first if cell is not None and cell.strip()]
    known = {name.lower() for name in options.column_names or options.types}
    form = TextForm("", options.decimal_mark)
    if cells and known and all(cell.lower() in known for cell in cells):
        return True
    if _are_positions(first, rest):
        return True
    if any(_is_typed(cell, form) for cell in cells) and not _are_years(cells, rest):
        return not all(_is_typed(cell, form) for cell in cells) and _misfits_its_column(first, rest, form)
    columns = zip(first, rest.columns, strict=True)
    repeats = any(cell is not None and cell in column.unique().to_pylist() for cell, column in columns)
    return bool(cells) and (not repeats or _repeats_wholly(first, rest) or _misfits_its_column(first, rest, form))


def _has_quoted_names(file: PreparedFile, skipped: int, options: ReadOptions, first: Sequence[str | None]) -> bool:
    """Whether all cells of the first line are in quotes, numbers too, and not all of the second line are."""
    top, below = (first_line(file, skipped + number, options.max_line_bytes) for number in (0, 1))
    quotes = 2 * len(first)
    numbers = any(_is_typed(cell.strip(), TextForm("", options.decimal_mark)) for cell in first if cell)
    return (
        bool(options.quote and below.strip())
        and numbers
        and top.count(options.quote) == quotes > below.count(options.quote)
    )


def _is_typed(cell: str, form: TextForm) -> bool:
    return not pa.types.is_string(guessed([pa.array([cell])], form).kind)


def _are_positions(first: Sequence[str | None], rest: pa.Table) -> bool:
    """Whether an empty cell, above cells that are not, is followed by the numbers of the columns, from 0 or 1.

    This is how data frames are written whose rows have labels, and whose columns have no names.
    """
    empty, *others = ((cell or "").strip() for cell in first)
    numbered = any(others == [str(number + start) for number in range(len(others))] for start in (0, 1))
    return not empty and len(others) > 1 and numbered and rest.num_rows > 0 and not rest.columns[0].null_count


def _are_years(cells: Sequence[str], rest: pa.Table) -> bool:
    """Whether at least two cells are years in a row, as names of columns are, and the values below are not."""
    years = [int(cell) for cell in cells if _YEAR.fullmatch(cell)]
    others = [cell for cell in cells if not _YEAR.fullmatch(cell)]
    steps = {after - before for before, after in pairwise(years)}
    below = {cell for column in rest.slice(0, 10).columns for cell in column.to_pylist() if cell}
    return (
        len(steps) == 1
        and abs(*steps) in (1, 2, 5, 10)
        and not any(_YEAR.fullmatch(cell) for cell in below)
        and not any(_is_typed(cell, ISO) for cell in others)
    )


def _misfits_its_column(first: Sequence[str | None], rest: pa.Table, form: TextForm) -> bool:
    """Whether a cell is text, and the values below it are not."""
    return any(
        cell is not None and not _is_typed(cell, form) and not pa.types.is_string(guessed(column.chunks, form).kind)
        for cell, column in zip(first, rest.columns, strict=True)
    )


def _repeats_wholly(first: Sequence[str | None], rest: pa.Table) -> bool:
    """Whether the whole row occurs again, as in files that were joined."""
    return any(list(row.values()) == list(first) for row in rest.to_pylist())


def _names(file: PreparedFile, first: Sequence[str | None], has_header: bool, given: Sequence[str]) -> tuple[str, ...]:
    if given and len(given) != len(first):
        raise UnreadableInput(file.name, f"it has {len(first):,} columns, and {len(given):,} names are given for them.")
    if given:
        return tuple(given)
    found = [(cell or "").strip() if has_header else "" for cell in first]
    return tuple(_distinct([name or f"column{i}" for i, name in enumerate(found)]))


def _distinct(names: Sequence[str]) -> list[str]:
    """The names; one that repeats another, ignoring case, gets a number."""
    taken: set[str] = set()
    distinct = []
    for name in names:
        candidate, count = name, 0
        while candidate.lower() in taken:
            count += 1
            candidate = f"{name}_{count}"
        taken.add(candidate.lower())
        distinct.append(candidate)
    return distinct
