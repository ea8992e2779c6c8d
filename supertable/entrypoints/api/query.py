"""`POST /api/v1/query`: a SELECT, answered as it runs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import pyarrow as pa
from litestar import Request, post
from litestar.datastructures import State
from litestar.params import JSONBody
from litestar.types import ASGIApp
from pydantic import BaseModel, ConfigDict, Field

from supertable.application.ports.engines import Limits, RunningQuery
from supertable.application.run_query import RunQuery
from supertable.application.tables import Place
from supertable.domain.errors import InvalidInput, QueryCancelled
from supertable.domain.names import checked_name
from supertable.entrypoints.api.context import Caller, Services
from supertable.entrypoints.api.media_types import MEDIA_TYPES, accepted
from supertable.entrypoints.api.signing_in import signed_in
from supertable.entrypoints.api.streaming import Streamed
from supertable.entrypoints.encoding.results import Encoding, distinct, encoded, json_array
from supertable.entrypoints.sdk.lake import DEFAULT_SUPERTABLE

VERSIONS = "X-Supertable-Versions"
_MOST_HEADER_CHARACTERS = 8_000


class QueryRequest(BaseModel):
    """What to run, and within which bounds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sql: str = Field(description="One SELECT.", examples=["SELECT * FROM orders WHERE region = $region"])
    parameters: list[Any] | dict[str, Any] = Field(
        default_factory=list,
        description="Values that are bound, never pasted: a list for `?` and `$1`, an object for `$name`.",
        examples=[{"region": "north"}],
    )
    supertable: str = Field(default=DEFAULT_SUPERTABLE, description="Where names of one part are looked up.")
    role: str | None = Field(default=None, description="The role to act under; wins over the header.")
    engine: Literal["AUTO", "LITE", "PRO", "SPARK"] = Field(default="AUTO", description="Which engine runs it.")
    max_rows: int | None = Field(
        default=None, ge=0, description="A result of more rows is an error, not a cut result.", examples=[10_000]
    )
    timeout_seconds: float | None = Field(
        default=None, gt=0, le=86_400, description="Seconds that the engine may take.", examples=[30]
    )


class RunningAnswer:
    """A query that runs while its answer is sent. `versions`: of the tables that it reads, once it runs."""

    def __init__(self, use_case: RunQuery, place: Place, request: QueryRequest, limits: Limits, to: Encoding) -> None:
        self._use_case = use_case
        self._place = place
        self._request = request
        self._limits = limits
        self._encoding = to
        self._running: RunningQuery | None = None
        self._cancelled = False
        self.versions: Mapping[str, tuple[int, ...]] = {}

    def pieces(self) -> Iterator[bytes]:
        parameters = self._request.parameters
        prepared = self._use_case.prepare(self._place, self._request.sql, parameters)
        self.versions = prepared.versions
        running = self._use_case.run(prepared, parameters, self._limits)
        self._running = running
        try:
            if self._cancelled:
                raise QueryCancelled
            yield from self._encoded(running.reader)
        finally:
            running.close()

    def headers(self) -> Mapping[str, str]:
        versions = json.dumps(self.versions)
        return {VERSIONS: versions} if len(versions) <= _MOST_HEADER_CHARACTERS else {}

    def cancel(self) -> None:
        self._cancelled = True
        if self._running is not None:
            self._running.cancel()

    def _encoded(self, reader: pa.RecordBatchReader) -> Iterator[bytes]:
        if self._encoding is Encoding.JSON:
            return self._json(distinct(reader))
        return encoded(reader, self._encoding)

    def _json(self, reader: pa.RecordBatchReader) -> Iterator[bytes]:
        """An object, which has an end only when the rows have."""
        columns = [{"name": field.name, "type": str(field.type)} for field in reader.schema]
        before = json.dumps({"columns": columns, "versions": self.versions})[:-1].encode() + b', "rows": '
        for piece in json_array(reader):
            yield before + piece
            before = b""
        yield b"}\n"


@post("/query", status_code=200)
async def query(
    request: Request[Any, Any, State], data: JSONBody[QueryRequest], container: Services, session: Caller
) -> ASGIApp:
    """Run a SELECT and stream its rows in the format that `Accept` names."""
    media_type = accepted(request)
    if data.engine in {"PRO", "SPARK"}:
        raise InvalidInput(f"There is no engine {data.engine} here; nothing was run. Leave it to AUTO, or use LITE.")
    if data.role:
        session = await signed_in(request, data.role)
    place = Place(session.organization, checked_name("supertable", data.supertable), session)
    limits = Limits(data.max_rows, data.timeout_seconds or container.settings().query_timeout_seconds)
    return Streamed(RunningAnswer(container.run_query(), place, data, limits, MEDIA_TYPES[media_type]), media_type)
