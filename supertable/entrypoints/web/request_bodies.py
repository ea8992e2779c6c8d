"""What all bodies of requests have in common: fields that nobody knows are refused, values are of the types said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from litestar import Request
from litestar.datastructures import State
from litestar.exceptions import HTTPException, SerializationException, ValidationException
from litestar.openapi.spec import Schema
from litestar.plugins import OpenAPISchemaPlugin
from litestar.typing import FieldDefinition

if TYPE_CHECKING:
    from litestar._openapi.schema_generation import SchemaCreator


class Body(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A JSON object that a client sends."""


class JsonRequest(Request[Any, Any, State]):
    """A request whose body may be anything: what is no JSON is the client's fault, however it is none."""

    async def json(self) -> Any:
        kind = self.content_type[0]
        if kind and kind != "application/json" and not kind.endswith("+json"):
            raise HTTPException("The body is to be JSON: `Content-Type: application/json`.", status_code=415)
        try:
            body = await super().json()
        except (UnicodeDecodeError, RecursionError) as error:
            raise SerializationException("The body is no JSON: it is not UTF-8, or nested too deep.") from error
        return _exactly(body, self.route_handler.parsed_data_field)


def _exactly(body: Any, field: FieldDefinition | None) -> Any:
    """The body as what the handler takes, if that is a `Body`. Litestar by itself would take 0 for false."""
    if field is None or not field.is_subclass_of(Body):
        return body
    try:
        return msgspec.convert(body, field.annotation)
    except msgspec.ValidationError as error:
        message, _, place = str(error).partition(" - at `$.")
        where = {"message": message, "key": place.removesuffix("`"), "source": "body"}
        raise ValidationException(f"The body is not as it is described: {error}.", extra=[where]) from error


class BodySchemas(OpenAPISchemaPlugin):
    """Says in the API's description that bodies have no other fields."""

    def is_plugin_supported_field(self, field_definition: FieldDefinition) -> bool:
        return not field_definition.is_union and field_definition.is_subclass_of(Body)

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: SchemaCreator) -> Schema:
        others = (plugin for plugin in schema_creator.plugins if plugin is not self)
        for_structs = next(one for one in others if schema_creator.plugin_supports_field(one, field_definition))
        schema = for_structs.to_openapi_schema(field_definition, schema_creator)
        schema.additional_properties = False
        return schema
