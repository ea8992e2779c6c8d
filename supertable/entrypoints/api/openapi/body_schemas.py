"""The JSON Schemas of request bodies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from litestar.openapi.spec import Schema
from litestar.plugins import OpenAPISchemaPlugin
from litestar.typing import FieldDefinition

from supertable.entrypoints.web.requests.json_bodies import Body

if TYPE_CHECKING:
    from litestar._openapi.schema_generation import SchemaCreator


class BodySchemas(OpenAPISchemaPlugin):
    """Documents that bodies have no additional properties."""

    def is_plugin_supported_field(self, field_definition: FieldDefinition) -> bool:
        return not field_definition.is_union and field_definition.is_subclass_of(Body)

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: SchemaCreator) -> Schema:
        others = (plugin for plugin in schema_creator.plugins if plugin is not self)
        for_structs = next(other for other in others if schema_creator.plugin_supports_field(other, field_definition))
        schema = for_structs.to_openapi_schema(field_definition, schema_creator)
        schema.additional_properties = False
        return schema
