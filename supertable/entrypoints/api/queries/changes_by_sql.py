"""The answer to a statement that changes something: the version that it made, or the rows of RETURNING."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from litestar import Request, Response
from litestar.concurrency import sync_to_thread
from litestar.datastructures import State
from litestar.openapi.datastructures import ResponseSpec
from litestar.types import ASGIApp

from supertable.application.commits.write_result import WriteResult
from supertable.application.ports.engines.callers import Caller
from supertable.application.ports.engines.running_queries import Limits
from supertable.application.statements.requests import (
    DROPPED,
    NOTHING,
    StatementOptions,
    StatementRequest,
    StatementResult,
)
from supertable.application.tables.namespace import Namespace
from supertable.config.container import Container
from supertable.domain.engine_choice import EngineName
from supertable.domain.table.commits import CommitInfo
from supertable.entrypoints.api.queries.numbers import Numbers
from supertable.entrypoints.api.queries.result_documents import ReadBy, query_answer
from supertable.entrypoints.api.tables.versions import version_response
from supertable.entrypoints.encoding.results import Piece
from supertable.entrypoints.web.observability import metrics
from supertable.entrypoints.web.requests.disconnects import done_or_cancelled
from supertable.entrypoints.web.responses.media_types import RESULT_ENCODINGS
from supertable.entrypoints.web.responses.streamed_response import StreamedResponse

CHANGED = {201: ResponseSpec(WriteResult, generate_examples=False, description="The statement made this version.")}


async def answer_to_change(
    request: Request[Any, Any, State],
    container: Container,
    wanted: StatementRequest,
    media_type: str,
    numbers: Numbers,
) -> ASGIApp | None:
    """Run the statement and answer once it is durable; None: it is a query, which did not run.

    If the client disconnects before the commit, nothing is changed.
    """
    use_case = container.run_statement()
    statement = await sync_to_thread(use_case.parse, wanted.namespace, wanted.sql)
    if statement is None:
        return None
    execute = partial(use_case.execute, statement, wanted)
    result = await done_or_cancelled(request.receive, execute, wanted.caller.cancel)
    if result.returned is None:
        response = _response(wanted.namespace, result.write, ReadBy.of(result).headers)
        return response.to_asgi_response(None, request)
    metrics.WRITES.inc()
    return StreamedResponse(_ReturnedRows(result, media_type, numbers), media_type)


def change_options(user: str, info: CommitInfo, limits: Limits, engine: EngineName | None) -> StatementOptions:
    """The options of a request that may change something, which its client can cancel."""
    return StatementOptions(writes=True, info=info, limits=limits, engine=engine, caller=Caller(user))


def _response(namespace: Namespace, result: WriteResult, headers: Mapping[str, str]) -> Response[WriteResult]:
    """201 with the new version as `Location`; 200 if there is no table of that version now."""
    if result.operation in (DROPPED, NOTHING):
        return Response(result, status_code=200, headers=headers)
    return version_response(namespace, result, headers)


class _ReturnedRows:
    """The rows of RETURNING, as the body of a response."""

    def __init__(self, result: StatementResult, media_type: str, numbers: Numbers) -> None:
        self._result = result
        self._encoding = RESULT_ENCODINGS[media_type]
        self._numbers = numbers

    def pieces(self) -> Iterator[Piece]:
        return query_answer(self._result.rows.to_reader(), ReadBy.of(self._result), self._encoding, self._numbers)

    def headers(self) -> Mapping[str, str]:
        return ReadBy.of(self._result).headers

    def recheck(self) -> None: ...

    def cancel(self) -> None: ...
