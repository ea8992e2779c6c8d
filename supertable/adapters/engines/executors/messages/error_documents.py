"""Errors as JSON, since what an executor sends is never unpickled."""

from __future__ import annotations

import json
from typing import Any

from supertable.domain import errors
from supertable.domain.errors import SupertableError


def error_document(error: SupertableError) -> bytes:
    """The class, the message and the fields of an error."""
    fields = {name: value for name, value in vars(error).items() if isinstance(value, str | int | float | None)}
    return json.dumps({"class": type(error).__name__, "message": str(error), "fields": fields}).encode()


def error_of(document: bytes | bytearray) -> SupertableError:
    """The error that `error_document` described. Its constructor does not run again."""
    found: dict[str, Any] = json.loads(document)
    named = getattr(errors, found["class"], None)
    kind = named if isinstance(named, type) and issubclass(named, SupertableError) else errors.QueryFailed
    error = kind.__new__(kind)
    error.args = (found["message"],)
    error.__dict__.update(found["fields"])
    return error
