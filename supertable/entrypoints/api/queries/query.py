"""`POST /api/v1/query`: a SELECT, answered as it runs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

import pyarrow as pa
from litestar import Request, post
from litestar.datastructures import State
from litestar.params import JSONBody
from litestar.types import ASGIApp
from msgspec import Meta, field

from supertable.application.ports.engines import Limits, RunningQuery
from supertable.application.queries.run_query import RunQuery
from supertable.application.tables.namespace import Namespace
from supertable.config.container import Container
from supertable.domain.access.sessions import Session
from supertable.domain.errors import InvalidInput, QueryCancelled, SupertableError
from supertable.domain.names import checked_name
from supertable.entrypoints.encoding.results import Encoding, Piece, cut, distinct, encoded, json_array
from supertable.entrypoints.sdk.lake import DEFAULT_SUPERTABLE
from supertable.entrypoints.web.authentication import signed_in
from supertable.entrypoints.web.dependencies import Caller, Services
from supertable.entrypoints.web.media_types import MEDIA_TYPES, accepted
from supertable.entrypoints.web.observability import metrics
from supertable.entrypoints.web.openapi import ResultOperation
from supertable.entrypoints.web.openapi_problems import problems
from supertable.entrypoints.web.request_bodies import Body
from supertable.entrypoints.web.streamed_response import StreamedResponse

VERSIONS = "X-Supertable-Versions"
_MOST_HEADER_CHARACTERS = 8_000


class QueryRequest(Body):
    """What to run, and within which bounds."""

    sql: Annotated[str, Meta(description="One SELECT.", examples=["SELECT * FROM orders WHERE region = $region"])]
    parameters: Annotated[
        list[Any] | dict[str, Any],
        Meta(
            description="Values that are bound, never pasted: a list for `?` and `$1`, an object for `$name`.",
            examples=[{"region": "north"}],
        ),
    ] = field(default_factory=list)
    supertable: Annotated[str, Meta(description="Where names of one part are looked up.")] = DEFAULT_SUPERTABLE
    role: Annotated[str | None, Meta(description="The role to act under; wins over the header.")] = None
    engine: Annotated[
        Literal["AUTO", "LITE", "PRO", "SPARK"], Meta(description="What runs it; those that are not there are refused.")
    ] = "AUTO"
    max_rows: (
        Annotated[int, Meta(ge=0, description="More rows than this are an error, not a cut result.", examples=[10_000])]
        | None
    ) = None
    timeout_seconds: (
        Annotated[float, Meta(gt=0, le=86_400, description="What the engine may take.", examples=[30])] | None
    ) = None


class RunningAnswer:
    """A query that runs while its answer is sent. `versions`: of the tables that it reads, once it runs."""

    def __init__(
        self, use_case: RunQuery, namespace: Namespace, request: QueryRequest, limits: Limits, to: Encoding
    ) -> None:
        self._use_case = use_case
        self._namespace = namespace
        self._request = request
        self._limits = limits
        self._encoding = to
        self._running: RunningQuery | None = None
        self._cancelled = False
        self.versions: Mapping[str, tuple[int, ...]] = {}

    def pieces(self) -> Iterator[Piece]:
        parameters = self._request.parameters
        prepared = self._use_case.prepare(self._namespace, self._request.sql, parameters)
        self.versions = prepared.versions
        running = self._use_case.run(prepared, parameters, self._limits)
        self._running = running
        outcome = "broken off"
        try:
            if self._cancelled:
                raise QueryCancelled
            yield from self._encoded(_counted(running.reader))
            outcome = "done"
        except SupertableError:
            outcome = "failed"
            raise
        finally:
            metrics.QUERIES.labels(outcome).inc()
            running.close()

    def headers(self) -> Mapping[str, str]:
        return versions_header(self.versions)

    def cancel(self) -> None:
        self._cancelled = True
        if self._running is not None:
            self._running.cancel()

    def _encoded(self, reader: pa.RecordBatchReader) -> Iterator[Piece]:
        if self._encoding is Encoding.JSON:
            return self._json(distinct(reader))
        return encoded(reader, self._encoding)

    def _json(self, reader: pa.RecordBatchReader) -> Iterator[Piece]:
        """An object, which has an end only when the rows have."""
        columns = [{"name": field.name, "type": str(field.type)} for field in reader.schema]
        before = json.dumps({"columns": columns, "versions": self.versions})[:-1].encode() + b', "rows": '
        for piece in json_array(reader):
            yield cut([before + piece])
            before = b""
        yield [b"}\n"]


def _counted(reader: pa.RecordBatchReader) -> pa.RecordBatchReader:
    def batches() -> Iterator[pa.RecordBatch]:
        for batch in reader:
            metrics.ROWS.inc(batch.num_rows)
            yield batch

    return pa.RecordBatchReader.from_batches(reader.schema, batches())


@post(
    "/query",
    status_code=200,
    tags=["queries"],
    summary="Run a query",
    responses=problems(404, 406, 413, 415, 422),
    operation_class=ResultOperation,
)
async def query(
    request: Request[Any, Any, State], data: JSONBody[QueryRequest], container: Services, session: Caller
) -> ASGIApp:
    """Run a SELECT and stream its rows in the format that `Accept` names."""
    media_type = accepted(request)
    namespace, limits = await bound(request, data, container, session)
    return StreamedResponse(
        RunningAnswer(container.run_query(), namespace, data, limits, MEDIA_TYPES[media_type]), media_type
    )


async def bound(
    request: Request[Any, Any, State], data: QueryRequest, container: Container, session: Session
) -> tuple[Namespace, Limits]:
    """Where the statement runs, under which role, and within which bounds. Raises `AccessDenied` and `InvalidInput`."""
    if data.engine in {"PRO", "SPARK"}:
        raise InvalidInput(f"There is no engine {data.engine} here; nothing was run. Leave it to AUTO, or use LITE.")
    if data.role:
        session = await signed_in(request, data.role)
    namespace = Namespace(session.organization, checked_name("supertable", data.supertable), session)
    return namespace, Limits(data.max_rows, data.timeout_seconds or container.settings().query_timeout_seconds)


def versions_header(versions: Mapping[str, tuple[int, ...]]) -> dict[str, str]:
    """Empty where they are too many for a header."""
    text = json.dumps(versions)
    return {VERSIONS: text} if len(text) <= _MOST_HEADER_CHARACTERS else {}
