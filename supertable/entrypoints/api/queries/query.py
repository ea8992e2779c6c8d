"""`POST /api/v1/query`: a query whose rows are streamed in the response, or a statement that changes something."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import pyarrow as pa
from litestar import Request, post
from litestar.datastructures import State
from litestar.params import JSONBody, QueryParameter
from litestar.types import ASGIApp
from msgspec import Meta, field

from supertable.application.ports.engines.running_queries import Limits
from supertable.application.queries.run_query import RunQuery
from supertable.application.statements.requests import StatementRequest
from supertable.application.tables.namespace import Namespace
from supertable.config.container import Container
from supertable.domain.access.sessions import Session
from supertable.domain.engine_choice import EngineName, engine_name
from supertable.domain.names import DEFAULT_SUPERTABLE, checked_name
from supertable.domain.table.commit_info import checked_commit_info
from supertable.entrypoints.api.openapi.operations import ResultOperation
from supertable.entrypoints.api.openapi.problem_responses import answers, keyed_problems, problems
from supertable.entrypoints.api.queries.changes_by_sql import CHANGED, answer_to_change, change_options
from supertable.entrypoints.api.queries.numbers import Numbers, NumbersAs
from supertable.entrypoints.api.queries.result_documents import QueryAnswer, ReadBy, query_answer
from supertable.entrypoints.api.tables.versions import IdempotencyKey
from supertable.entrypoints.encoding.results import Encoding, Piece
from supertable.entrypoints.web.requests.json_bodies import Body
from supertable.entrypoints.web.responses.media_types import RESULT_ENCODINGS, negotiated_media_type
from supertable.entrypoints.web.responses.query_source import Parameters, QuerySource
from supertable.entrypoints.web.responses.streamed_response import StreamedResponse
from supertable.entrypoints.web.security.authentication import sign_in
from supertable.entrypoints.web.service.dependencies import InjectedContainer, InjectedSession

_ENGINE = (
    "The engine that reads the rows: AUTO, LITE, PRO or SPARK, in any case. One that is away is refused with 400. "
    "Without it, that of the settings, by default AUTO."
)

Engine = Annotated[str | None, QueryParameter(description=_ENGINE)]


class QueryRequest(Body):
    """A statement and its limits."""

    sql: Annotated[
        str, Meta(description="One SQL statement.", examples=["SELECT * FROM orders WHERE region = $region"])
    ]
    parameters: Annotated[
        list[Any] | dict[str, Any],
        Meta(
            description="Values for the parameters of the statement: a list for `?` and `$1`, an object for `$name`.",
            examples=[{"region": "north"}],
        ),
    ] = field(default_factory=list)
    supertable: Annotated[str, Meta(description="The supertable of table names that do not name one themselves.")] = (
        DEFAULT_SUPERTABLE
    )
    role: Annotated[
        str | None, Meta(description="The role to run the query under. Takes precedence over `X-Supertable-Role`.")
    ] = None
    engine: (
        Annotated[
            str,
            Meta(description=_ENGINE, examples=["AUTO"]),
        ]
        | None
    ) = None
    max_rows: (
        Annotated[
            int,
            Meta(
                ge=0,
                description="Maximum number of rows in the result. A larger result is an error; it is never truncated.",
                examples=[10_000],
            ),
        ]
        | None
    ) = None
    timeout_seconds: (
        Annotated[
            float,
            Meta(
                gt=0, le=86_400, description="Maximum run time of the query in the engine, in seconds.", examples=[30]
            ),
        ]
        | None
    ) = None


class QueryBody(QuerySource):
    """The rows of a query in the encoding that the client accepts."""

    def __init__(
        self,
        run_query: RunQuery,
        namespace: Namespace,
        sql: str,
        parameters: Parameters,
        limits: Limits,
        encoding: Encoding,
        numbers: Numbers,
        engine: EngineName | None = None,
    ) -> None:
        super().__init__(run_query, namespace, sql, parameters, limits, engine)
        self._encoding = encoding
        self._numbers = numbers

    @property
    def arrow(self) -> bool:
        return self._encoding is Encoding.ARROW

    def encode(self, reader: pa.RecordBatchReader) -> Iterator[Piece]:
        return query_answer(reader, self.read_by, self._encoding, self._numbers)

    def headers(self) -> Mapping[str, str]:
        return self.read_by.headers

    @property
    def read_by(self) -> ReadBy:
        assert self.prepared is not None
        return ReadBy.of(self.prepared)


@post(
    "/query",
    status_code=200,
    tags=["queries"],
    summary="Run a statement",
    responses=keyed_problems(404, 406) | problems(422) | answers(QueryAnswer) | CHANGED,
    operation_class=ResultOperation,
)
async def run_query(
    request: Request[Any, Any, State],
    data: JSONBody[QueryRequest],
    container: InjectedContainer,
    session: InjectedSession,
    numbers: NumbersAs = Numbers.NATIVE,
    idempotency_key: IdempotencyKey = None,
) -> ASGIApp:
    """Run a query and stream its rows in the format that `Accept` names, or run a statement that changes something.

    All tables are read as of one moment. `X-Supertable-Versions` has the version of each table that was read, and
    `X-Supertable-Engine` the engine; JSON has both. An error before the first row is a problem document. A later error
    closes the connection before the response is complete.

    A statement that changes something is answered once it is durable: with 201 and the version that it made, or with
    200 and the rows of RETURNING. It needs the same rights as other routes that make the change, and `Idempotency-Key`
    works as there; queries ignore it. If the client disconnects before the commit, nothing is changed.
    """
    media_type = negotiated_media_type(request)
    namespace, limits, engine = await query_context(request, data, container, session)
    encoding = RESULT_ENCODINGS[media_type]
    options = change_options(namespace.session.user, checked_commit_info(idempotency_key, {}), limits, engine)
    wanted = StatementRequest(namespace, data.sql, data.parameters, options)
    changed = await answer_to_change(request, container, wanted, media_type, numbers)
    if changed is not None:
        return changed
    body = QueryBody(container.run_query(), namespace, data.sql, data.parameters, limits, encoding, numbers, engine)
    return StreamedResponse(body, media_type)


async def query_context(
    request: Request[Any, Any, State], data: QueryRequest, container: Container, session: Session
) -> tuple[Namespace, Limits, EngineName | None]:
    """The supertable and role that the query runs in, its limits, and the engine that it asks for.

    Raises `AccessDenied` and `InvalidInput`.
    """
    engine = wanted_engine(data.engine)
    if data.role:
        session = await sign_in(request, data.role)
    namespace = Namespace(session.organization, checked_name("supertable", data.supertable), session)
    timeout = data.timeout_seconds or container.settings().query_timeout_seconds
    return namespace, Limits(data.max_rows, timeout), engine


def wanted_engine(text: str | None) -> EngineName | None:
    """The engine that a request names. Raises `InvalidInput`."""
    return None if text is None else engine_name(text)


HANDLERS = (run_query,)
