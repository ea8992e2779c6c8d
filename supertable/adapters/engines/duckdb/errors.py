"""DuckDB's errors as ours. Nothing passes that could name a file, our own SQL or generated names."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
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

ENGINE_ERRORS = (duckdb.Error, pa.ArrowException, OSError, UnicodeDecodeError)
"""What comes from the engine. The last: a message that quotes a damaged file's bytes, which are no text."""

_FATAL = frozenset({"FATAL", "INTERNAL"})
_BITS = re.compile(r"bit index \d+ out of valid range")
_STATEMENT = frozenset({"Binder", "Catalog", "Parser", "Syntax", "Not implemented", "Parameter Not Resolved"})
_PARAMETERS = re.compile(r"Values were not provided for|Parameter argument/count mismatch")
_MISSING = ("No files found that match", "No such file or directory", "Cannot open file", "HTTP 404", "(404)")
_FORBIDDEN = ("HTTP 403", "HTTP 401", "AuthorizationFailure", "AuthenticationFailed")
_KIND = re.compile(r"^(?:[A-Za-z]*Exception: )?([A-Za-z][A-Za-z ]*?) Error: (.*)", re.DOTALL)
_CODE = re.compile(r"\s*\n\s*LINE \d+:.*", re.DOTALL)
_OWN_SQL = re.compile(
    r"\bst_[fd]\.|\bst_(?:files|dead|item)_\d|\bst_q+_[cr]\d|read_parquet\(|getvariable\(|\bst_dead\b"
)
_INSIDE_OUT = "The statement does not fit the tables that it names."
_PATH = re.compile(r"""(?<![\w)])["']?(?:[a-z0-9]+://|/)\w[^\s"']*["']?""")
_INTERNAL_HINT = re.compile(r"\n.*(?:Stack Trace|This error signals|Possible solutions|SET ).*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Known:
    """What a query's errors may speak about. `keys`: object keys by location; `names`: what generated names stand for.

    `keys` is called only when there is an error; `damage` when the error may come from a file, to find which it is;
    `abandon` when the database is of no more use.
    """

    keys: Callable[[], Mapping[str, str]]
    names: Mapping[str, str]
    memory_limit: str
    abandon: Callable[[], None]
    damage: Callable[[], SupertableError | None]


def split_kind(error: BaseException) -> tuple[str, str]:
    """DuckDB's own name for the sort of error, such as Binder or Out of Memory, and the message after it."""
    message = str(error)
    found = _KIND.match(message)
    return (found[1], found[2]) if found else ("", message)


def translated(error: BaseException, known: Known) -> SupertableError:
    """The error to raise instead of what DuckDB raised, or what Arrow raised in its name."""
    kind, text = split_kind(error)
    if kind == "INTERRUPT":
        return QueryCancelled()
    if kind == "Out of Memory":
        return QueryOutOfMemory(known.memory_limit)
    if kind in _FATAL:
        known.abandon()
        return QueryFailed("The engine failed inside; another query is not affected.")
    about = about_object(kind, text, known.keys()) or (known.damage() if not kind or _BITS.match(text) else None)
    if about is not None:
        return about
    message = scrubbed(text, known.names)
    of_statement = kind in _STATEMENT or _PARAMETERS.match(text)
    return InvalidStatement(message) if of_statement else QueryFailed(message)


def scrubbed(text: str, names: Mapping[str, str]) -> str:
    """The message without the SQL it quotes, without paths, and with the caller's names for generated ones."""
    text = _INTERNAL_HINT.sub("", _CODE.sub("", text))
    for generated, name in names.items():
        text = re.sub(rf"\b{re.escape(generated)}\b", name.replace("\\", r"\\"), text)
    text = _PATH.sub("a file", text).strip()
    return _INSIDE_OUT if _OWN_SQL.search(text) else text


def syntax_error(sql: str, answer: Mapping[str, Any], not_counted: str) -> InvalidStatement:
    """What DuckDB's parser says, and where; lines are counted after those that are `not_counted`."""
    message = _CODE.sub("", str(answer["error_message"])).rstrip(".!")
    if "expression depth" in message or "memory exhausted" in message:
        return InvalidStatement("The statement is nested too deeply.")
    position = str(answer.get("position", ""))
    if not position.isdigit():
        return InvalidStatement(f"{message}.")
    before = sql.encode("utf-8", "surrogatepass")[: int(position)].decode("utf-8", "replace")
    line, column = before.count("\n") - not_counted.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
    return InvalidStatement(f"{message}, at line {line}, column {column}.")


def about_object(kind: str, text: str, keys: Mapping[str, str]) -> SupertableError | None:
    """The error of the object whose location the message names, if it names one."""
    key = next((key for location, key in keys.items() if location in text), None)
    if key is None:
        return None
    if any(sign in text for sign in _MISSING):
        return ObjectMissing(key)
    if "ETag" in text:
        return ObjectDamaged(key, "it is not the one that it was")
    if kind == "HTTP" or (kind == "IO" and "://" in text):
        return StoreUnavailable("read", key, _refusal(text))
    if kind == "Permission":
        return StoreUnavailable("read", key, "the engine may not read files in this place")
    return ObjectDamaged(key, _damage(text))


def _refusal(text: str) -> str:
    if any(sign in text for sign in _FORBIDDEN):
        return "it refused the engine's credentials or signed address"
    return "it refused the engine or did not answer"


def _damage(text: str) -> str:
    if "too small" in text or "magic bytes" in text:
        return "it is not a whole Parquet file"
    if "schema mismatch" in text or "column" in text:
        return "its columns are not those it was written with"
    return "it is not readable as Parquet"
