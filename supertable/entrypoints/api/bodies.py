"""What all bodies of requests have in common: fields that nobody knows are refused, values are of the types said."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request
from litestar.datastructures import State
from litestar.exceptions import HTTPException, SerializationException


class Body(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A JSON object that a client sends."""


class JsonRequest(Request[Any, Any, State]):
    """A request whose body may be anything: what is no JSON is the client's fault, however it is none."""

    async def json(self) -> Any:
        kind = self.content_type[0]
        if kind and kind != "application/json" and not kind.endswith("+json"):
            raise HTTPException("The body is to be JSON: `Content-Type: application/json`.", status_code=415)
        try:
            return await super().json()
        except (UnicodeDecodeError, RecursionError) as error:
            raise SerializationException("The body is no JSON: it is not UTF-8, or nested too deep.") from error
