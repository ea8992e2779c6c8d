"""The errors of msgspec's decoder, rewritten for users: which row, byte and column, and what to do."""

from __future__ import annotations

import re

import msgspec

from supertable.domain.errors import IncompatibleSchema, InvalidInput, InvalidSchema, UnreadableInput

_PLACE = re.compile(r"^(?P<what>.*?)(?: - at `(?:key in )?\$(?:\[(?P<row>\d+)\])?(?:\.(?P<column>.*))?`)?$", re.DOTALL)
_UNKNOWN_FIELD = re.compile(r"^Object contains unknown field `(?P<name>.*)`$", re.DOTALL)
_BYTE = re.compile(r" \(byte (\d+)\)$")
_MOST_SHOWN = 120
_TRUNCATED = "Input data was truncated"


def misfit(message: str, text: bytes, source: str, count: int) -> InvalidInput:
    """The error for valid JSON that does not fit the columns. `count`: the rows of the source before the text."""
    found = _PLACE.match(message)
    what, row, column = (found["what"], found["row"], found["column"]) if found else (message, None, None)
    where = f"row {count + int(row or 0) + 1:,}"
    unknown = _UNKNOWN_FIELD.match(what)
    if unknown:
        name = f"{column}.{unknown['name']}" if column else unknown["name"]
        hint = f"It is in {where}; names are matched exactly. Write with evolve to add it."
        return IncompatibleSchema(name, "no such column", "one", hint)
    reason = what[:1].lower() + what[1:].replace("`", "").replace(" | ", " or ")
    if column is None:
        return UnreadableInput(source, f"{where}: {reason}.")
    value = _value_of(text, int(row or 0), column)
    return InvalidSchema(column, f"{where}: {reason}{value and f'. The value is {value}'}")


def _value_of(text: bytes, row: int, column: str) -> str:
    """The JSON of a value of a column, or of the value that contains it; empty if it is not found."""
    try:
        rows = _rows(text)
        name = max((name for name in rows[row] if f"{column}.".startswith((f"{name}.", f"{name}["))), key=len)
        value = bytes(rows[row][name]).decode()
    except (msgspec.DecodeError, IndexError, ValueError, RecursionError):
        return ""
    return value if len(value) <= _MOST_SHOWN else f"{value[:_MOST_SHOWN]}…"


def _rows(text: bytes) -> list[dict[str, msgspec.Raw]]:
    kind = dict[str, msgspec.Raw]
    if text.lstrip(b" \t\r\n").startswith(b"["):
        return msgspec.json.decode(text, type=list[kind])
    return msgspec.json.Decoder(kind).decode_lines(text)


def not_json(error: Exception, text: bytes, source: str, count: int, is_lines: bool) -> UnreadableInput:
    """The error for a text that is not JSON. `count`: the rows of the source before the text."""
    return UnreadableInput(source, f"{_position(error, text, count, is_lines)}{_reason(error)}.")


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8"
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    reason = _BYTE.sub("", str(error).removeprefix("JSON is malformed: "))
    return f"it is not valid JSON: {'it ends too early' if reason == _TRUNCATED else reason}"


def _position(error: Exception, text: bytes, count: int, is_lines: bool) -> str:
    """The byte of a document, or the row of a text with a row to a line, and the byte in it; counted from 1."""
    offset = _offset(error, text)
    if offset is None:
        return f"after row {count:,}: " if count else ""
    if not is_lines:
        return f"byte {offset + 1:,}: "
    start = text.rfind(b"\n", 0, offset) + 1
    rows_before = sum(1 for line in text[:start].split(b"\n") if line.strip())
    return f"row {count + rows_before + 1:,}, byte {offset - start + 1:,}: "


def _offset(error: Exception, text: bytes) -> int | None:
    """The offset at which the text stops being JSON, from 0; None where the error does not have it."""
    if isinstance(error, UnicodeDecodeError):
        return _first_invalid_byte(text)
    if found := _BYTE.search(str(error)):
        return int(found[1]) - ("trailing characters" in str(error))  # msgspec has passed the first of them
    return len(text.rstrip()) if str(error) == _TRUNCATED else None


def _first_invalid_byte(text: bytes) -> int | None:
    try:
        text.decode()
    except UnicodeDecodeError as error:
        return error.start
    return None
