"""JSON bodies: unknown fields are refused, and values must have the declared types."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request
from litestar.datastructures import State
from litestar.exceptions import HTTPException, SerializationException, ValidationException
from litestar.typing import FieldDefinition


class Body(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The JSON object of a request."""


class JsonRequest(Request[Any, Any, State]):
    """A request whose body is decoded strictly. Invalid JSON is a client error, whatever makes it invalid."""

    async def json(self) -> Any:
        kind = self.content_type[0]
        if kind and kind != "application/json" and not kind.endswith("+json"):
            raise HTTPException("The body must be JSON: `Content-Type: application/json`.", status_code=415)
        try:
            body = await super().json()
        except (UnicodeDecodeError, RecursionError) as error:
            raise SerializationException("The body is not valid JSON: not UTF-8, or nested too deeply.") from error
        return _convert(body, self.route_handler.parsed_data_field)


def _convert(body: Any, field: FieldDefinition | None) -> Any:
    """The body as the handler's type, if that is a `Body`. Litestar alone would accept 0 for false."""
    if field is None or not field.is_subclass_of(Body):
        return body
    try:
        return msgspec.convert(body, field.annotation)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$.")
        location = {"message": message, "key": path.removesuffix("`"), "source": "body"}
        raise ValidationException(f"The body does not match its schema: {error}.", extra=[location]) from error
