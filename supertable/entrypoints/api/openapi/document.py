"""The OpenAPI document as it is served, so that generated clients have short names and honest types."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from inspect import cleandoc
from typing import Any

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler

_PAGE_NAME = re.compile(r"Page_(?:\w+\.)*(\w+?)_")
_REFERENCE = "#/components/schemas/"


def operation_id(handler: HTTPRouteHandler, *_: Any) -> str:
    """The name of the handler's function in camel case, like `listTables`. These names never change."""
    first, *others = handler.handler_name.split("_")
    return first + "".join(word.title() for word in others)


def openapi_document(app: Litestar) -> dict[str, Any]:
    """The description of all resources.

    Pages of lists have short names. Fields of responses are required, because they are always sent. Fields of requests
    that have a default say so in words: some generators take a field with `default` for one that is always there.
    """
    document = json.loads(json.dumps(app.openapi_schema.to_schema()), object_hook=_with_short_references)
    schemas = {_short(name): schema for name, schema in document["components"]["schemas"].items()}
    document["components"]["schemas"] = schemas
    sent = _used(schemas, [operation.get("requestBody") for operation in _operations(document)])
    for name, schema in schemas.items():
        schema["title"] = name
        if "description" in schema:
            schema["description"] = cleandoc(schema["description"])  # Litestar leaves enumerations' docstrings indented
        properties = schema.get("properties", {})
        if name in sent:
            properties.update({field: _default_in_words(found) for field, found in properties.items()})
        elif properties:
            schema["required"] = sorted(properties)
    return dict(document)


def _short(name: str) -> str:
    found = _PAGE_NAME.fullmatch(name)
    return f"{found[1]}Page" if found else name


def _with_short_references(node: dict[str, Any]) -> dict[str, Any]:
    reference = node.get("$ref", "")
    if not reference.startswith(_REFERENCE):
        return node
    return {**node, "$ref": _REFERENCE + _short(reference.removeprefix(_REFERENCE))}


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for operations in document["paths"].values():
        yield from operations.values()


def _used(schemas: dict[str, Any], roots: list[Any]) -> set[str]:
    """The names of the schemas that the roots refer to, directly or through others."""
    used: set[str] = set()
    waiting = roots
    while waiting:
        named = re.findall(f'"{_REFERENCE}([^"]+)"', json.dumps(waiting))
        new = set(named) - used
        used |= new
        waiting = [schemas[name] for name in new]
    return used


def _default_in_words(schema: dict[str, Any]) -> dict[str, Any]:
    if "default" not in schema:
        return schema
    words = f"Default: `{json.dumps(schema['default'])}`."
    described = f"{schema['description']} {words}" if "description" in schema else words
    return {**{name: value for name, value in schema.items() if name != "default"}, "description": described}
