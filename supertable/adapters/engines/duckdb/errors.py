"""Translates DuckDB's errors. Messages that pass name no file, no generated SQL and no generated names."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa

from supertable.domain.errors import (
    InvalidStatement,
    ObjectDamaged,
    ObjectMissing,
    QueryCancelled,
    QueryFailed,
    QueryOutOfMemory,
    StoreUnavailable,
    SupertableError,
)
from supertable.domain.names import did_you_mean

ENGINE_ERRORS = (duckdb.Error, pa.ArrowException, OSError, UnicodeDecodeError)
"""All errors that the engine raises. `UnicodeDecodeError`: a message that quotes bytes of a damaged file."""

_UNNAMED = frozenset({"", "Invalid"})
"""The kinds of errors of the readers of Parquet files."""
_FATAL = frozenset({"FATAL", "INTERNAL"})
_BITS = re.compile(r"bit index \d+ out of valid range")
_STATEMENT = frozenset({"Binder", "Catalog", "Parser", "Syntax", "Not implemented", "Parameter Not Resolved"})
_PARAMETERS = re.compile(r"Values were not provided for|Parameter argument/count mismatch")
_ROWID = re.compile(r'Referenced column "rowid"|.* does not have a column named "rowid"', re.IGNORECASE)
_NO_ROWID = "\nThe rows of a table have no numbers. Number them by row_number() OVER (ORDER BY …)."
_MISSING = ("No files found that match", "No such file or directory", "HTTP 404", "(404)")
_NOT_OPENED = re.compile(r"Cannot open file.*: ([^:]+)$", re.DOTALL)
_FORBIDDEN = ("HTTP 403", "HTTP 401", "AuthorizationFailure", "AuthenticationFailed")
_KIND = re.compile(r"^(?:[A-Za-z]*Exception: )?([A-Za-z][A-Za-z ]*?) Error: (.*)", re.DOTALL)
_CODE = re.compile(r"\s*\n\s*LINE \d+:.*", re.DOTALL)
_OWN_SQL = re.compile(
    r"\bst_[fd]\.|\b__duckdb_source_|\bst_(?:files|dead|given|inline|item|rows)_\d|\bst_q+_[cr]\d|read_parquet\(|getvariable\(|\bst_dead\b"
)
_OWN_COLUMN = re.compile(r'(?<=[:,] )"st_u+_\w+"(?:, )?')
"""The columns of ours among those that a message suggests."""
_FAILURES = {
    "Conversion": "A value could not be converted to the type that the statement needs",
    "Invalid Input": "A function got a value that it does not accept",
    "Out of Range": "A value or a result is out of the range of its type",
}
_NO_COLUMN = re.compile(
    r'Referenced column "(?P<name>[^"]+)" not found in FROM clause!'
    r'|(?:Table|Values list) "(?P<table>[^"]+)" does not have a column named "(?P<member>[^"]+)"'
)
_FEW_COLUMNS = 12
_MISMATCH = "The statement does not fit the tables that it names."
_PATH = re.compile(r"""(?<![\w)])["']?(?:[a-z0-9]+://|/)\w[^\s"']*["']?""")
_INTERNAL_HINT = re.compile(r"\n.*(?:Stack Trace|This error signals|Possible solutions|SET ).*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class ErrorContext:
    """What the translation of a query's errors needs. `names`: what generated names stand for.

    `keys` returns the object keys by location; it is only called on an error. `damage` finds the damaged file; it is
    called when the error may come from one. `failure` returns the first error of a read through us. `exists` tells
    whether storage has the object with a key. `abandon` discards the database after a fatal error. `quotes_values`:
    messages may quote values of the data. `columns`: those that the caller sees, which a message may name.
    """

    keys: Callable[[], Mapping[str, str]]
    names: Mapping[str, str]
    memory_limit: str
    abandon: Callable[[], None]
    damage: Callable[[], SupertableError | None]
    failure: Callable[[], SupertableError | None]
    exists: Callable[[str], bool]
    quotes_values: bool = True
    columns: tuple[str, ...] = ()


def split_kind(error: BaseException) -> tuple[str, str]:
    """DuckDB's name for the kind of error, such as Binder or Out of Memory, and the message after it."""
    message = str(error)
    found = _KIND.match(message)
    return (found[1], found[2]) if found else ("", message)


def translated(error: BaseException, context: ErrorContext) -> SupertableError:
    """The error to raise instead of one that DuckDB raised, directly or through Arrow."""
    kind, text = split_kind(error)
    if kind == "INTERRUPT":
        return QueryCancelled()
    if kind == "Out of Memory":
        return QueryOutOfMemory(context.memory_limit)
    if kind in _FATAL:
        context.abandon()
        return QueryFailed("The engine failed with an internal error. Other queries are not affected.")
    failure = context.failure()
    if failure is not None:
        return failure
    stored = object_error(kind, text, context.keys())
    if stored is None and (kind in _UNNAMED or _BITS.match(text)):
        stored = context.damage()
    if isinstance(stored, ObjectMissing) and context.exists(stored.key):
        return StoreUnavailable("read", stored.key, "its file on this machine was removed while it was being read")
    if stored is not None:
        return stored
    message = about_statement(text, context.names, context.columns)
    if kind in _STATEMENT or _PARAMETERS.match(text):
        return InvalidStatement(message)
    return QueryFailed(message if context.quotes_values else _without_values(kind, message))


def about_statement(text: str, names: Mapping[str, str], columns: Sequence[str]) -> str:
    """DuckDB's message on a statement, in the caller's words. `names`, `columns`: see `ErrorContext`."""
    message = with_nearest_column(scrubbed(text, names), columns)
    return message + _NO_ROWID if _ROWID.match(text) else message


def with_nearest_column(message: str, columns: Sequence[str]) -> str:
    """The message on a missing column, with the names most like it; other messages unchanged."""
    found = _NO_COLUMN.match(message)
    if found is None:
        return message
    name = found["name"] or found["member"]
    where = f'"{found["table"]}" has no column "{name}".' if found["table"] else f'There is no column "{name}".'
    near = did_you_mean(name, columns)
    known = f" The columns are {', '.join(columns)}." if 0 < len(columns) <= _FEW_COLUMNS else ""
    return where + (near or known)


def _without_values(kind: str, message: str) -> str:
    if kind == "IO":
        return message
    what = _FAILURES.get(kind, "The statement failed on a value of the data")
    return f"{what}. The value is not shown, since this role sees a part of the data only."


def is_missing_file(error: BaseException) -> bool:
    """Whether the engine did not find a file."""
    return any(sign in str(error) for sign in _MISSING)


def scrubbed(text: str, names: Mapping[str, str]) -> str:
    """The message without quoted SQL and paths, and with the caller's names in place of generated ones."""
    text = _INTERNAL_HINT.sub("", _CODE.sub("", text))
    for generated, name in names.items():
        text = re.sub(rf"\b{re.escape(generated)}\b", name.replace("\\", r"\\"), text)
    text = _PATH.sub("a file", _OWN_COLUMN.sub("", text)).strip()
    return _MISMATCH if _OWN_SQL.search(text) else text


def syntax_error(sql: str, report: Mapping[str, Any], prefix: str) -> InvalidStatement:
    """The parser's message with its position. Lines are counted from the end of `prefix`, which we put before `sql`."""
    message = _CODE.sub("", str(report["error_message"])).rstrip(".!")
    if "expression depth" in message or "memory exhausted" in message:
        return InvalidStatement("The statement is nested too deeply.")
    position = str(report.get("position", ""))
    if not position.isdigit():
        return InvalidStatement(f"{message}.")
    if int(position) < len(prefix):  # DuckDB names the last token before the end
        return InvalidStatement("syntax error at end of input.")
    before = sql.encode("utf-8", "surrogatepass")[: int(position)].decode("utf-8", "replace")
    line, column = before.count("\n") - prefix.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
    return InvalidStatement(f"{message}, at line {line}, column {column}.")


def object_error(kind: str, text: str, keys: Mapping[str, str]) -> SupertableError | None:
    """The error for the object whose location the message names; None if it names none. `keys`: keys by location."""
    key = next((key for location, key in keys.items() if location in text), None)
    if key is None:
        return None
    if any(sign in text for sign in _MISSING):
        return ObjectMissing(key)
    if not_opened := _NOT_OPENED.search(text):
        return StoreUnavailable("read", key, not_opened[1].strip().lower())
    if "ETag" in text:
        return ObjectDamaged(key, "it changed while it was read")
    if kind == "HTTP" or (kind == "IO" and "://" in text):
        return StoreUnavailable("read", key, _refusal(text))
    if kind == "Permission":
        return StoreUnavailable("read", key, "the engine is not allowed to read files in this folder")
    return ObjectDamaged(key, _damage(text))


def _refusal(text: str) -> str:
    if any(sign in text for sign in _FORBIDDEN):
        return "it refused the engine's credentials or signed URL"
    return "it refused the engine or did not answer"


def _damage(text: str) -> str:
    if "too small" in text or "magic bytes" in text:
        return "it is not a complete Parquet file"
    if "schema mismatch" in text or "column" in text:
        return "its columns differ from those that were written"
    return "it is not readable as Parquet"
