"""`/queries`: a SELECT that runs in the background. Its result is read in pages until it expires."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from litestar import Request, Response, delete, get, post
from litestar.concurrency import sync_to_thread
from litestar.datastructures import State
from litestar.params import FromPath, JSONBody, QueryParameter

from supertable.application.queries.background_queries import BackgroundQueries, ResultPage
from supertable.config.container import Container
from supertable.domain.access.sessions import Session
from supertable.domain.jobs import JobState, JobStatus
from supertable.entrypoints.api.jobs.jobs import REMOVED, JobProgress, JobTimes, error_of, times_of
from supertable.entrypoints.api.openapi.operations import PageOperation
from supertable.entrypoints.api.openapi.problem_responses import Problem, answers, problems
from supertable.entrypoints.api.openapi.response_headers import LOCATION_HEADER, NEXT_CURSOR_HEADER
from supertable.entrypoints.api.pagination import Cursor
from supertable.entrypoints.api.queries.numbers import Numbers, NumbersAs
from supertable.entrypoints.api.queries.query import QueryRequest, query_context
from supertable.entrypoints.api.queries.result_documents import (
    ReadBy,
    StoredResultPage,
    encoded_rows,
    result_document,
)
from supertable.entrypoints.encoding.results import Encoding, Piece
from supertable.entrypoints.web.requests.cursors import decode_cursor, encode_cursor
from supertable.entrypoints.web.responses.media_types import RESULT_ENCODINGS, negotiated_media_type
from supertable.entrypoints.web.responses.streamed_response import StreamedResponse
from supertable.entrypoints.web.service.dependencies import InjectedContainer, InjectedSession

_TAGS = ["queries"]

RowLimit = Annotated[
    int | None,
    QueryParameter(ge=1, description="Maximum number of rows in one page. Without it, all rows are returned."),
]


class QueryDescription(JobTimes, frozen=True, kw_only=True):
    """A background query.

    `versions`: the versions that it reads, by table name. `engine`: the one that reads them; `engine_reason`: why.
    `rows`: the rows so far. `bytes`: the stored size of the result; null until the query succeeds. `error`: why the
    query failed or was cancelled. The state is `lost` if the worker no longer reports that it is alive.
    """

    id: str
    state: JobState
    supertable: str
    role: str
    sql: str
    versions: dict[str, list[int]]
    engine: str
    engine_reason: str
    rows: int
    bytes: int | None
    progress: JobProgress
    error: Problem | None

    @classmethod
    def of(cls, status: JobStatus, kept_seconds: float) -> QueryDescription:
        job, summary = status.job, status.end.outcome.summary if status.end else {}
        engine, reason = status.read_by
        assert job.query is not None
        return cls(
            id=job.id,
            state=status.state,
            supertable=job.supertable,
            role=job.role,
            sql=job.query.statement,
            versions={table: list(versions) for table, versions in job.query.versions.items()},
            engine=engine,
            engine_reason=reason,
            rows=summary.get("rows", status.progress.done),
            bytes=summary.get("bytes"),
            progress=JobProgress.of(status.progress),
            error=error_of(status),
            **times_of(status, kept_seconds),
        )


class StoredResultBody:
    """A page of a stored result. JSON has the cursor of the next page in the body, other formats in a header."""

    def __init__(
        self,
        use_case: BackgroundQueries,
        session: Session,
        query_id: str,
        cursor: str | None,
        limit: int | None,
        encoding: Encoding,
        numbers: Numbers,
    ) -> None:
        self._use_case = use_case
        self._session = session
        self._query_id = query_id
        self._listing = f"results of {query_id}"
        self._start = decode_cursor(self._listing, cursor, int) or 0
        self._limit = limit
        self._encoding = encoding
        self._numbers = numbers
        self._page: ResultPage | None = None

    def pieces(self) -> Iterator[Piece]:
        self._page = page = self._use_case.results(self._session, self._query_id, self._start, self._limit)
        if self._encoding is Encoding.JSON:
            read_by = self._read_by
            members = {
                "engine": read_by.engine,
                "engine_reason": read_by.engine_reason,
                "next_cursor": self._next_cursor,
            }
            yield from result_document(page.reader, members, rows="items", numbers=self._numbers)
        else:
            yield from encoded_rows(page.reader, self._encoding, self._numbers)

    def headers(self) -> Mapping[str, str]:
        headers = self._read_by.headers
        return {**headers, NEXT_CURSOR_HEADER: self._next_cursor} if self._next_cursor else headers

    def recheck(self) -> None:
        if self._page is not None:
            self._use_case.recheck(self._session, self._page)

    def cancel(self) -> None:
        """Does nothing: reading a stored chunk takes only a moment."""

    @property
    def _read_by(self) -> ReadBy:
        status = self._page.status if self._page else None
        return ReadBy(status.job.query.versions, *status.read_by) if status and status.job.query else ReadBy()

    @property
    def _next_cursor(self) -> str | None:
        following = self._page.next if self._page else None
        return None if following is None else encode_cursor(self._listing, following)


@post(
    "/queries",
    status_code=202,
    tags=_TAGS,
    summary="Run a query in the background",
    responses=problems(404, 413, 415, 422, 429),
    response_headers=[LOCATION_HEADER],
)
async def submit_query(
    request: Request[Any, Any, State],
    data: JSONBody[QueryRequest],
    container: InjectedContainer,
    session: InjectedSession,
) -> Response[QueryDescription]:
    """Start a SELECT as a job and return its description with 202.

    The statement is checked, and bound to the current versions of its tables, before the response. Read the result
    at `…/results` once the state is `succeeded`. Returns 429 if too many jobs are active.
    """
    namespace, limits, engine = await query_context(request, data, container, session)
    submit = container.background_queries().submit
    status = await sync_to_thread(submit, namespace, data.sql, data.parameters, limits, engine)
    return Response(_description(container, status), headers={"Location": f"/api/v1/queries/{status.job.id}"})


@get("/queries/{query_id:str}", tags=_TAGS, summary="Describe a query", responses=problems(404), sync_to_thread=True)
def describe_query(container: InjectedContainer, session: InjectedSession, query_id: FromPath[str]) -> QueryDescription:
    """Return the state and progress of a query.

    Only the user who submitted the query can see it, and only under the same role; others get 404.
    """
    return _description(container, container.background_queries().status(session, query_id))


@get(
    "/queries/{query_id:str}/results",
    operation_class=PageOperation,
    tags=_TAGS,
    summary="Read a query's result",
    responses=problems(404, 406, 409) | answers(StoredResultPage),
)
async def read_results(
    request: Request[Any, Any, State],
    container: InjectedContainer,
    session: InjectedSession,
    query_id: FromPath[str],
    limit: RowLimit = None,
    cursor: Cursor = None,
    numbers: NumbersAs = Numbers.NATIVE,
) -> StreamedResponse:
    """Return a page of the result in the format that `Accept` names.

    JSON has `columns`, `items` and `next_cursor`; with other formats the cursor is in the header
    `X-Supertable-Next-Cursor`. Returns 409 until the query has succeeded, and 403 if the rights of the role have
    changed since the query was submitted.
    """
    media_type = negotiated_media_type(request)
    encoding = RESULT_ENCODINGS[media_type]
    body = StoredResultBody(container.background_queries(), session, query_id, cursor, limit, encoding, numbers)
    return StreamedResponse(body, media_type)


@delete(
    "/queries/{query_id:str}",
    status_code=202,
    tags=_TAGS,
    summary="Cancel or remove a query",
    responses=problems(404) | REMOVED,
    sync_to_thread=True,
)
def delete_query(
    container: InjectedContainer, session: InjectedSession, query_id: FromPath[str]
) -> Response[QueryDescription | None]:
    """Cancel an active query, or remove an ended one.

    An active query is asked to stop (202) and soon becomes `cancelled`. An ended query is removed with its result
    (204).
    """
    stopped = container.list_jobs().stop(container.background_queries().status(session, query_id))
    if stopped is None:
        return Response(None, status_code=204)
    return Response(_description(container, stopped))


def _description(container: Container, status: JobStatus) -> QueryDescription:
    return QueryDescription.of(status, container.settings().jobs_kept_seconds)


HANDLERS = (submit_query, describe_query, read_results, delete_query)
