"""Operations whose bodies hold rows in several formats. Pass a class here as `operation_class`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from litestar.openapi import spec

from supertable.entrypoints.web.requests.row_bodies import ROW_FORMATS
from supertable.entrypoints.web.responses.media_types import RESULT_ENCODINGS


@dataclass
class ResultOperation(spec.Operation):
    """An operation that returns rows, in the format that `Accept` names."""

    def __post_init__(self) -> None:
        success = (self.responses or {}).get("200")
        if isinstance(success, spec.OpenAPIResponse):
            schema = spec.Schema(description="The rows. JSON is an object that also describes the columns.")
            success.content = {name: spec.OpenAPIMediaType(schema=schema) for name in RESULT_ENCODINGS}


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
