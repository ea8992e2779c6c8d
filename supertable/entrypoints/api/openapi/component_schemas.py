"""The JSON Schemas of requests and responses."""

from __future__ import annotations

import dataclasses
import inspect
import re
from typing import TYPE_CHECKING

import msgspec
from litestar.openapi.spec import Schema
from litestar.plugins import OpenAPISchemaPlugin
from litestar.typing import FieldDefinition

from supertable.entrypoints.web.requests.json_bodies import Body

if TYPE_CHECKING:
    from litestar._openapi.schema_generation import SchemaCreator


class ComponentSchemas(OpenAPISchemaPlugin):
    """Describes schemas by the docstrings of their classes, and documents that bodies have no additional properties."""

    def is_plugin_supported_field(self, field_definition: FieldDefinition) -> bool:
        is_struct = field_definition.is_subclass_of(msgspec.Struct) or field_definition.is_dataclass_type
        return is_struct and not field_definition.is_union

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: SchemaCreator) -> Schema:
        others = (plugin for plugin in schema_creator.plugins if plugin is not self)
        creator = next(other for other in others if schema_creator.plugin_supports_field(other, field_definition))
        schema = creator.to_openapi_schema(field_definition, schema_creator)
        schema.description = _description(field_definition.origin or field_definition.annotation)
        if field_definition.is_subclass_of(Body):
            schema.additional_properties = False
        return schema


def _description(cls: type) -> str | None:
    """The docstring of the class, with JSON's word for None; None without one, or with a generated one."""
    docstring = cls.__dict__.get("__doc__")
    if not docstring or (dataclasses.is_dataclass(cls) and docstring.startswith(f"{cls.__name__}(")):
        return None
    return re.sub(r"\bNone\b", "null", inspect.cleandoc(docstring))
