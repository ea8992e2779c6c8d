"""DuckDB's messages about text files, rewritten for users: which file, line or row and column, and what to do."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from supertable.adapters.readers import command_line_hints as hints
from supertable.adapters.readers.prepared_files import PreparedFile
from supertable.domain.errors import InferredTypeMisfit, UnreadableInput

_CSV_LINE = re.compile(r"CSV Error on Line: (\d+)")
_JSON_ROW = re.compile(
    r'(Malformed JSON|JSON transform error) in file "[^\n]*?", (?:at byte (\d+) )?in (?:line|record/value) (\d+)'
)
_TYPES = {
    "TINYINT": "8-bit whole numbers",
    "SMALLINT": "16-bit whole numbers",
    "INTEGER": "32-bit whole numbers",
    "BIGINT": "64-bit whole numbers",
    "UTINYINT": "unsigned 8-bit whole numbers",
    "USMALLINT": "unsigned 16-bit whole numbers",
    "UINTEGER": "unsigned 32-bit whole numbers",
    "UBIGINT": "unsigned 64-bit whole numbers",
    "FLOAT": "numbers",
    "DOUBLE": "numbers",
    "BOOLEAN": "true or false",
}


def unreadable(message: str, files: Sequence[PreparedFile]) -> UnreadableInput:
    """The error for a message of DuckDB. It names the file where the message does, else all files."""
    name = next((file.name for file in files if str(file.path) in message), _all(files))
    kind = InferredTypeMisfit if "has unknown key" in message else UnreadableInput
    return kind(name, _position(message) + _reason(message, files))


def _all(files: Sequence[PreparedFile]) -> str:
    return files[0].name if len(files) == 1 else f"{files[0].name} and {len(files) - 1} more"


def _position(message: str) -> str:
    """The line of a CSV file, or the row of a JSON file and the byte in that row; all counted from 1.

    DuckDB counts a CSV record that spans lines as one line. Its "lines" of NDJSON do not include blank ones, so they
    are rows.
    """
    if line := _CSV_LINE.search(message):
        return f"line {line[1]}: "
    found = _JSON_ROW.search(message)
    if not found:
        return ""
    row = int(found[3])
    if found[1] == "Malformed JSON":
        row -= 1  # DuckDB has counted the malformed row before it reports it
    about = "at or after " if "number information is approximate" in message else ""
    byte = f", byte {found[2]}" if found[2] else ""
    return f"{about}row {row:,}{byte}: "


def _reason(message: str, files: Sequence[PreparedFile]) -> str:
    for pattern, explain in _EXPLANATIONS:
        if found := re.search(pattern, message, re.DOTALL):
            return explain(found)
    return _first_sentence(message, files)


def _inconvertible(found: re.Match[str]) -> str:
    column, value, type_ = found.groups()
    values = f" ({_TYPES[type_]})" if type_ in _TYPES else ""
    return (
        f"column {column!r}: {_short(value)!r} does not fit the column's type {type_}{values}. Correct the value. "
        f"{hints.INFER_TYPES} {hints.ALL_TEXT} {hints.NULL}"
    )


def _wrong_column_count(found: re.Match[str]) -> str:
    expected, given = found.groups()
    columns = "column" if given == "1" else "columns"
    hint = hints.PAD_SHORT_ROWS if int(given) < int(expected) else hints.SET_ASIDE
    return f"{given} {columns} found, {expected} expected. Check the quotes and the delimiter. {hint}"


def _too_long_object(found: re.Match[str]) -> str:
    limit = f"{int(found[1]):,} bytes" if found[1] else "the limit"
    return f"a JSON object is longer than {limit}. {hints.LONGER_OBJECTS}"


def _misfit(found: re.Match[str]) -> str:
    detail = found[1].strip().rstrip(".")
    shown = f" ({_short(detail[0].lower() + detail[1:])})" if detail else ""
    return f"a value does not fit the type of its column{shown}. {hints.INFER_TYPES}"


def _not_castable(found: re.Match[str]) -> str:
    detail, column = found.groups()
    place = f"column {column!r}: " if column else ""
    return f"{place}{_short(detail)}. The value does not fit the column's type in the table."


_EXPLANATIONS: tuple[tuple[str, Callable[[re.Match[str]], str]], ...] = (
    (r'Error when converting column "(.*?)"\. Could not convert string "(.*?)" to \'(.*?)\'', _inconvertible),
    (r"Expected Number of Columns: (\d+) Found: (\d+)", _wrong_column_count),
    (r"Invalid unicode|invalid UTF-8", lambda _: f"it is not UTF-8. {hints.ENCODING}"),
    (
        r"unterminated quote",
        lambda _: (
            "a quote is opened and never closed, or text follows the closing quote. Check the quotes. "
            f"{hints.PLAIN_QUOTES}"
        ),
    ),
    (
        r"Maximum line size of (\d+) bytes exceeded",
        lambda found: f"it is longer than {int(found[1]):,} bytes. Check the quotes. {hints.LONGER_LINES}",
    ),
    (r'maximum_object_size"(?: of (\d+) bytes)?', _too_long_object),
    (
        r"not possible to automatically detect the CSV",
        lambda _: f"it does not look like CSV. Check the format. {hints.DELIMITER} {hints.MIXED_LINE_ENDS}",
    ),
    (
        r"parser state machine|CSV Parser state",
        lambda _: f"its quotes or line ends break the rules of CSV. {hints.LENIENT}",
    ),
    (r"Malformed JSON.*?: ([^:]*?)\. *$", lambda found: f"it is not valid JSON: {found[1]}."),
    (r"Malformed JSON.*?: (\S[^\n]*?)\.", lambda found: f"it is not valid JSON: {found[1]}."),
    (
        r'has unknown key "(.*?)"\n',
        lambda found: f"the key {_short(found[1])!r} does not occur in the rows before it. {hints.INFER_COLUMNS}",
    ),
    (r'has duplicate key "(.*?)"\n', lambda found: f"the key {_short(found[1])!r} occurs twice. Remove one."),
    (r"JSON transform error[^\n]*? in (?:line|record/value) \d+: ([^\n]*)", _misfit),
    (r"Conversion Error: ([^\n]*?)(?: when casting from source column ([^\n]*?))?(?:\n|$)", _not_castable),
    (r"Recursion level in ArrowSchema|maximum recursion depth", lambda _: "its values are nested too deeply."),
    (r"Out of Memory Error", lambda _: "a row needs more memory than a load may use."),
)


def _first_sentence(message: str, files: Sequence[PreparedFile]) -> str:
    text = re.sub(r"^[A-Z][A-Za-z ]* Error: ", "", message.strip()).partition("\n")[0]
    for file in files:
        text = text.replace(str(file.path), file.name)
    return f"{text.rstrip('.')}."


def _short(text: str, limit: int = 120) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
