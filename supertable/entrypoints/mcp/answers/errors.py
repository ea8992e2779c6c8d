"""Errors as a model needs them: what is wrong, where, what there is instead, and an example."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any

from supertable.domain import errors
from supertable.entrypoints.web.problems.presentations import presentation_of

_LOG = logging.getLogger(__name__)
_NAMED = re.compile(r'"([^"]{1,255})"')
_HINTS: dict[type[Exception], str] = {
    errors.StatementRefused: "This server runs one SELECT, WITH or EXPLAIN. Example: SELECT count(*) FROM flights",
    errors.InvalidStatement: "Call describe_table for the columns and types, then mend the SQL and call again.",
    errors.TableNotFound: "Call list_tables for the tables that you may read, or list_supers for other supertables.",
    errors.VersionNotFound: "Call list_versions for the versions that there are.",
    errors.ResultTooLarge: "Aggregate, filter or select fewer columns.",
    errors.QueryTimeout: "Filter or aggregate more, or give a higher query_timeout_sec.",
    errors.AccessDenied: "Call whoami for your role and its permissions.",
}
_GENERIC = "`tables` lists the existing tables."


def error_text(error: Exception, arguments: Mapping[str, Any]) -> str:
    """What to tell the model. Errors of the server only say what is safe; the log has the details."""
    shown = presentation_of(type(error))
    if shown.status >= 500:
        _LOG.error("a call failed", exc_info=error)
    name = type(error).__name__ if isinstance(error, errors.SupertableError) else "InternalError"
    message = shown.detail or str(error).replace(_GENERIC, "").strip()
    return " ".join(part for part in (f"{name}: {message}", _position(message, arguments), _hint(error)) if part)


def _hint(error: Exception) -> str:
    return next((_HINTS[cls] for cls in type(error).__mro__ if cls in _HINTS), "")


def _position(message: str, arguments: Mapping[str, Any]) -> str:
    """Where the name that an error quotes stands in the SQL; empty where the message has a position."""
    sql = arguments.get("sql")
    if not isinstance(sql, str) or "at line" in message:
        return ""
    for name in _NAMED.findall(message):
        found = re.search(rf"(?<!\w){re.escape(name)}(?!\w)", sql, re.IGNORECASE)
        if found:
            before = sql[: found.start()]
            line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
            return f"It is at line {line}, column {column} of the SQL."
    return ""
