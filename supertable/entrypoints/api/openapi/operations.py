"""Operations whose bodies hold rows in several formats. Pass a class here as `operation_class`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from litestar.datastructures import ResponseHeader
from litestar.openapi import spec
from litestar.openapi.spec.enums import OpenAPIFormat

from supertable.entrypoints.api.openapi.response_headers import ENGINE, ENGINE_REASON, NEXT_CURSOR, VERSIONS
from supertable.entrypoints.web.requests.row_bodies import ROW_FORMATS
from supertable.entrypoints.web.responses.media_types import RESULT_ENCODINGS

_TEXTS = frozenset({"ndjson", "csv", "tsv"})


@dataclass
class ResultOperation(spec.Operation):
    """An operation that returns rows, in the format that `Accept` names. Its `responses` have the schema of JSON."""

    def __post_init__(self) -> None:
        success = (self.responses or {}).get("200")
        if isinstance(success, spec.OpenAPIResponse) and success.content:
            others = {name: _media_type(encoding in _TEXTS) for name, encoding in RESULT_ENCODINGS.items()}
            success.content = {**others, **success.content}
            success.headers = {header.name: _described(header) for header in self.result_headers}

    result_headers: ClassVar[tuple[ResponseHeader, ...]] = (VERSIONS, ENGINE, ENGINE_REASON)


@dataclass
class PageOperation(ResultOperation):
    """A `ResultOperation` whose rows come in pages."""

    result_headers: ClassVar[tuple[ResponseHeader, ...]] = (VERSIONS, ENGINE, ENGINE_REASON, NEXT_CURSOR)


def _media_type(is_text: bool) -> spec.OpenAPIMediaType:
    format_ = None if is_text else OpenAPIFormat.BINARY
    return spec.OpenAPIMediaType(schema=spec.Schema(type=spec.OpenAPIType.STRING, format=format_))


def _described(header: ResponseHeader) -> spec.OpenAPIHeader:
    schema = spec.Schema(type=spec.OpenAPIType.STRING)
    return spec.OpenAPIHeader(name="", description=header.description, schema=schema)


@dataclass
class RowsOperation(spec.Operation):
    """An operation whose request body is rows, in the format that `Content-Type` names."""

    formats: ClassVar = tuple(ROW_FORMATS)

    def __post_init__(self) -> None:
        row = spec.Schema(type=spec.OpenAPIType.OBJECT, additional_properties=spec.Schema())
        rows = spec.Schema(type=spec.OpenAPIType.ARRAY, items=row)
        as_json = spec.OpenAPIMediaType(schema=rows, example=[{"id": 1, "region": "north", "amount": "9.50"}])
        others = {name: _media_type(ROW_FORMATS[name] in _TEXTS) for name in self.formats}
        content = {**others, **({"application/json": as_json} if "application/json" in others else {})}
        self.request_body = spec.RequestBody(content, "The rows.", required=True)
