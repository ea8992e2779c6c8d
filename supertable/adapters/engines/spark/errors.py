"""Translates Spark's errors. Their texts quote values, paths and generated SQL, so that none is passed on."""

from __future__ import annotations

import re

from supertable.adapters.engines.spark.clusters import AWAY
from supertable.domain.errors import (
    MissingExtra,
    QueryFailed,
    QueryTimeout,
    SupertableError,
    Unavailable,
)

REFUSED = "its cluster does not let SuperTable sign in"
UNLIKE = "its cluster is no Spark 4.3 or newer that keeps the settings of a session"
NOT_INSTALLED = "its packages are not installed: pip install 'supertable-lake[spark]'"


class SparkError(Exception):
    """The cluster could not run a statement. `text`: of its message."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class ConnectionLost(Exception):
    """The connection to the cluster failed, or an answer took too long."""


class SignInRefused(ConnectionLost):
    """The cluster does not accept the user, the password, or the kind of `auth`."""


_CLASS = re.compile(r"\[([A-Z][A-Z0-9_]+(?:\.[A-Z0-9_]+)*)\]")
_OF_A_VALUE = re.compile(r"(SuperTable: SPARK cannot [^\n]{1,300}? Run it with engine=pro or engine=lite\.)")
_VALUE = {
    "CAST_INVALID_INPUT": "A value could not be converted to the type that the statement needs",
    "CAST_OVERFLOW": "A value is out of the range of the type that the statement needs",
    "ARITHMETIC_OVERFLOW": "A result is out of the range of its type",
    "BINARY_ARITHMETIC_OVERFLOW": "A result is out of the range of its type",
    "NUMERIC_VALUE_OUT_OF_RANGE": "A result is out of the range of its type",
    "DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION": "A result is out of the range of its type",
    "DIVIDE_BY_ZERO": "A number was divided by zero",
    "DATETIME_OVERFLOW": "A date or time is out of the range of its type",
    "SCALAR_SUBQUERY_TOO_MANY_ROWS": "A subquery in place of a value has more than one row",
}
_UNREADABLE = ("FAILED_READ_FILE", "PATH_NOT_FOUND", "CANNOT_READ_FILE_FOOTER", "UNABLE_TO_INFER_SCHEMA")
_NO_MEMORY = ("OutOfMemoryError", "spark.driver.maxResultSize", "UNABLE_TO_ACQUIRE_MEMORY")
_ACCESS = re.compile(
    r"AccessDenied|AccessControlException|\b403\b|No FileSystem for scheme|UnsupportedFileSystemException"
)


def translated(error: SparkError, seconds: float | None) -> SupertableError:
    """The error to raise in its place. `seconds`: the time limit of the query."""
    text = error.text
    if found := _OF_A_VALUE.search(text):
        return QueryFailed(found[1])
    if "Query timed out" in text or "QUERY_TIMEOUT" in text:
        return QueryTimeout(seconds or 0)
    if any(sign in text for sign in _NO_MEMORY):
        return QueryFailed("The cluster ran out of memory for the query. Make its result smaller, or enlarge it.")
    kind = next((name for name in _CLASS.findall(text) if name.partition(".")[0] in _VALUE), "")
    if kind:
        return QueryFailed(f"{_VALUE[kind.partition('.')[0]]}.")
    if any(sign in text for sign in _UNREADABLE) or "FileNotFoundException" in text:
        return Unavailable(f"The cluster cannot read the table's files{_why(text)}. See docs/engines.md.")
    named = _CLASS.search(text)
    return QueryFailed(f"The cluster could not run the query ({named[1] if named else 'an error without a name'}).")


def lost_midway() -> QueryFailed:
    return QueryFailed("The connection to the cluster ended while the query ran. It is safe to try again.")


def why_away(error: ConnectionLost | SparkError | MissingExtra) -> str:
    """Why a cluster is not there, of which no session could be opened: words that any caller may read."""
    if isinstance(error, SignInRefused):
        return REFUSED
    if isinstance(error, MissingExtra):
        return NOT_INSTALLED
    return AWAY if isinstance(error, ConnectionLost) else UNLIKE


def _why(text: str) -> str:
    return ": it has no access to the storage" if _ACCESS.search(text) else ""
