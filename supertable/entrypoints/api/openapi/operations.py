"""Operations whose bodies hold rows in several formats. Pass a class here as `operation_class`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from litestar.datastructures import ResponseHeader
from litestar.openapi import spec
from litestar.openapi.spec.enums import OpenAPIFormat

from supertable.entrypoints.api.openapi.response_headers import NEXT_CURSOR, VERSIONS
from supertable.entrypoints.encoding.results import Encoding
from supertable.entrypoints.web.requests.row_bodies import ROW_FORMATS
from supertable.entrypoints.web.responses.media_types import RESULT_ENCODINGS

_TEXTS = frozenset({Encoding.NDJSON, Encoding.CSV})


@dataclass
class ResultOperation(spec.Operation):
    """An operation that returns rows, in the format that `Accept` names. Its `responses` have the schema of JSON."""

    def __post_init__(self) -> None:
        success = (self.responses or {}).get("200")
        if isinstance(success, spec.OpenAPIResponse) and success.content:
            others = {name: _media_type(encoding) for name, encoding in RESULT_ENCODINGS.items()}
            success.content = {**others, **success.content}
            success.headers = {header.name: _described(header) for header in self.result_headers}

    result_headers: ClassVar[tuple[ResponseHeader, ...]] = (VERSIONS,)


@dataclass
class PageOperation(ResultOperation):
    """A `ResultOperation` whose rows come in pages."""

    result_headers: ClassVar[tuple[ResponseHeader, ...]] = (VERSIONS, NEXT_CURSOR)


def _media_type(encoding: Encoding) -> spec.OpenAPIMediaType:
    format_ = None if encoding in _TEXTS else OpenAPIFormat.BINARY
    return spec.OpenAPIMediaType(schema=spec.Schema(type=spec.OpenAPIType.STRING, format=format_))


def _described(header: ResponseHeader) -> spec.OpenAPIHeader:
    schema = spec.Schema(type=spec.OpenAPIType.STRING)
    return spec.OpenAPIHeader(name="", description=header.description, schema=schema)


@dataclass
class RowsOperation(spec.Operation):
    """An operation whose request body is rows, in the format that `Content-Type` names."""

    formats: ClassVar = tuple(ROW_FORMATS)

    def __post_init__(self) -> None:
        rows = spec.Schema(type=spec.OpenAPIType.ARRAY, items=spec.Schema(type=spec.OpenAPIType.OBJECT))
        as_json = spec.OpenAPIMediaType(schema=rows, example=[{"id": 1, "region": "north", "amount": "9.50"}])
        other = spec.OpenAPIMediaType(schema=spec.Schema())
        content = {name: as_json if name == "application/json" else other for name in self.formats}
        self.request_body = spec.RequestBody(content, "The rows.", required=True)
