"""`/queries`: a SELECT that runs in the background; its result is read in pages, for as long as it is kept."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Annotated, Any

from litestar import Request, Response, delete, get, post
from litestar.concurrency import sync_to_thread
from litestar.datastructures import ResponseHeader, State
from litestar.params import FromPath, JSONBody, QueryParameter

from supertable.application.queries.background_queries import BackgroundQueries, ResultPage
from supertable.config.container import Container
from supertable.domain.access.sessions import Session
from supertable.domain.jobs import JobState, JobStatus
from supertable.entrypoints.api.jobs.jobs import GONE, JobProgress, JobTimes, error_of, times_of
from supertable.entrypoints.api.queries.query import QueryRequest, bound, versions_header
from supertable.entrypoints.api.tables.tables import LOCATION_HEADER
from supertable.entrypoints.encoding.results import Encoding, Piece, cut, distinct, encoded, json_array
from supertable.entrypoints.web.dependencies import Caller, Services
from supertable.entrypoints.web.media_types import MEDIA_TYPES, accepted
from supertable.entrypoints.web.openapi import ResultOperation
from supertable.entrypoints.web.openapi_problems import Problem, problems
from supertable.entrypoints.web.pagination import Cursor, cursor_at, position
from supertable.entrypoints.web.streamed_response import StreamedResponse

NEXT_CURSOR = "X-Supertable-Next-Cursor"
_TAGS = ["queries"]

Rows = Annotated[int | None, QueryParameter(ge=1, description="How many rows a page may have; none: all.")]


class QueryDescription(JobTimes, frozen=True, kw_only=True):
    """A query in the background. `versions`: of the tables that it reads. `rows` grows; `bytes` as they are kept.

    `error`: why it failed, or was broken off. It is lost when its worker gives no sign of life any more.
    """

    id: str
    state: JobState
    supertable: str
    role: str
    sql: str
    versions: dict[str, list[int]]
    rows: int
    bytes: int | None
    progress: JobProgress
    error: Problem | None

    @classmethod
    def of(cls, status: JobStatus, kept_seconds: float) -> QueryDescription:
        job, summary = status.job, status.end.outcome.summary if status.end else {}
        assert job.query is not None
        return cls(
            id=job.id,
            state=status.state,
            supertable=job.supertable,
            role=job.role,
            sql=job.query.statement,
            versions={table: list(versions) for table, versions in job.query.versions.items()},
            rows=summary.get("rows", status.progress.done),
            bytes=summary.get("bytes"),
            progress=JobProgress.of(status.progress),
            error=error_of(status),
            **times_of(status, kept_seconds),
        )


class ResultAnswer:
    """A part of a result. JSON has the columns, the rows as `items` and `next_cursor`; else that is in a header."""

    def __init__(
        self,
        use_case: BackgroundQueries,
        session: Session,
        query: str,
        cursor: str | None,
        limit: int | None,
        to: Encoding,
    ) -> None:
        self._read = partial(use_case.results, session, query)
        self._listing = f"results of {query}"
        self._start = position(self._listing, cursor, int) or 0
        self._limit = limit
        self._encoding = to
        self._page: ResultPage | None = None

    def pieces(self) -> Iterator[Piece]:
        self._page = page = self._read(self._start, self._limit)
        if self._encoding is not Encoding.JSON:
            yield from encoded(page.reader, self._encoding)
            return
        reader = distinct(page.reader)
        columns = [{"name": field.name, "type": str(field.type)} for field in reader.schema]
        before = json.dumps({"columns": columns, "next_cursor": self._next})[:-1].encode() + b', "items": '
        for piece in json_array(reader):
            yield cut([before + piece])
            before = b""
        yield [b"}\n"]

    def headers(self) -> Mapping[str, str]:
        asked = self._page.status.job.query if self._page else None
        named = versions_header(asked.versions) if asked else {}
        return {**named, NEXT_CURSOR: self._next} if self._next else named

    def cancel(self) -> None:
        """A chunk is read in a moment."""

    @property
    def _next(self) -> str | None:
        following = self._page.next if self._page else None
        return None if following is None else cursor_at(self._listing, following)


@post(
    "/queries",
    status_code=202,
    tags=_TAGS,
    summary="Run a query in the background",
    responses=problems(404, 413, 415, 422, 429),
    response_headers=[LOCATION_HEADER],
)
async def submit_query(
    request: Request[Any, Any, State], data: JSONBody[QueryRequest], container: Services, session: Caller
) -> Response[QueryDescription]:
    """The statement is checked, and bound to the versions that the tables have now, before this is answered."""
    namespace, limits = await bound(request, data, container, session)
    status = await sync_to_thread(container.background_queries().submit, namespace, data.sql, data.parameters, limits)
    return Response(_described(container, status), headers={"Location": f"/api/v1/queries/{status.job.id}"})


@get("/queries/{query_id:str}", tags=_TAGS, summary="Describe a query", responses=problems(404), sync_to_thread=True)
def describe_query(container: Services, session: Caller, query_id: FromPath[str]) -> QueryDescription:
    """For the user who asked it, under the role that they asked it under."""
    return _described(container, container.background_queries().status(session, query_id))


@get(
    "/queries/{query_id:str}/results",
    operation_class=ResultOperation,
    tags=_TAGS,
    summary="Read a query's result",
    responses=problems(404, 406, 409),
    response_headers=[
        ResponseHeader(name=NEXT_CURSOR, documentation_only=True, description="Of the next page, unless it is JSON.")
    ],
)
async def read_results(
    request: Request[Any, Any, State],
    container: Services,
    session: Caller,
    query_id: FromPath[str],
    limit: Rows = None,
    cursor: Cursor = None,
) -> StreamedResponse:
    """Rows in the format that `Accept` names; refused when the rights of the role have changed since it was asked.

    JSON has `columns`, `items` and `next_cursor`; with other formats the cursor is in a header.
    """
    media_type = accepted(request)
    answer = ResultAnswer(container.background_queries(), session, query_id, cursor, limit, MEDIA_TYPES[media_type])
    return StreamedResponse(answer, media_type)


@delete(
    "/queries/{query_id:str}",
    status_code=202,
    tags=_TAGS,
    summary="Cancel or remove a query",
    responses=problems(404) | GONE,
    sync_to_thread=True,
)
def delete_query(container: Services, session: Caller, query_id: FromPath[str]) -> Response[QueryDescription | None]:
    """One at work is asked to stop (202), and ends soon as cancelled; one that is over goes with its result (204)."""
    stopped = container.list_jobs().stop(container.background_queries().status(session, query_id))
    if stopped is None:
        return Response(None, status_code=204)
    return Response(_described(container, stopped))


def _described(container: Container, status: JobStatus) -> QueryDescription:
    return QueryDescription.of(status, container.settings().jobs_kept_seconds)


HANDLERS = (submit_query, describe_query, read_results, delete_query)
