"""`GET …/rows`: the rows of a table, filtered, ordered and in pages, read through the same path as queries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import msgspec
import pyarrow as pa
from litestar import Request, get
from litestar.datastructures import State
from litestar.params import FromPath, QueryParameter

from supertable.application.ports.engines.running_queries import Limits
from supertable.application.queries.row_pages.table_rows import Position, RowsRequest, RowsStatement, rows_statement
from supertable.application.tables.namespace import Namespace
from supertable.config.container import Container
from supertable.domain.engine_choice import EngineName
from supertable.domain.errors import InvalidInput
from supertable.domain.names import checked_name
from supertable.entrypoints.api.openapi.operations import PageOperation
from supertable.entrypoints.api.openapi.problem_responses import answers, problems
from supertable.entrypoints.api.openapi.response_headers import NEXT_CURSOR_HEADER
from supertable.entrypoints.api.queries.numbers import Numbers, NumbersAs
from supertable.entrypoints.api.queries.query import Engine, QueryBody, wanted_engine
from supertable.entrypoints.api.queries.result_documents import RowsPage, encoded_rows, result_document
from supertable.entrypoints.api.tables.tables import TABLE
from supertable.entrypoints.encoding.results import Encoding, Piece
from supertable.entrypoints.encoding.values import value_text
from supertable.entrypoints.web.requests.cursors import decode_cursor, encode_cursor
from supertable.entrypoints.web.responses.media_types import RESULT_ENCODINGS, negotiated_media_type
from supertable.entrypoints.web.responses.streamed_response import StreamedResponse
from supertable.entrypoints.web.service.dependencies import InjectedContainer, InjectedNamespace

_MOST_PAGE_BYTES = 64 * 1024 * 1024

Filters = Annotated[
    list[str] | None,
    QueryParameter(
        name="filter",
        max_items=100,
        description="Only rows for which this holds: `column:operator:value` with eq, ne, lt, le, gt or ge; "
        "`column:in:a,b`; `column:is:null`, `column:is:not_null`. Values are written as in JSON results. Repeatable.",
    ),
]
Order = Annotated[
    list[str] | None,
    QueryParameter(
        max_items=100, description="`column` or `column:desc`; nulls are last. Repeatable. Without it: the keys."
    ),
]
PageRows = Annotated[int, QueryParameter(ge=0, le=10_000, description="Maximum number of rows in one page.")]
RowsCursor = Annotated[
    str | None,
    QueryParameter(max_length=8_000, description="The `next_cursor` of the previous page, with the same parameters."),
]
Version = Annotated[
    int | None, QueryParameter(ge=1, description="The version to read. Without it, the newest version is read.")
]


class RowsBody(QueryBody):
    """A page of rows. JSON has the cursor of the next page in the body, all formats have it in a header."""

    def __init__(
        self,
        container: Container,
        namespace: Namespace,
        request: RowsRequest,
        cursor: str | None,
        encoding: Encoding,
        numbers: Numbers,
        engine: EngineName | None,
    ) -> None:
        """Raises `InvalidInput` for a cursor of other rows, or of another caller."""
        limits = Limits(None, container.settings().query_timeout_seconds)
        super().__init__(container.run_query(), namespace, "", {}, limits, encoding, numbers, engine)
        self._tables = container.tables()
        self._request = request
        session = namespace.session
        caller = (session.organization, session.user, session.role)
        chosen = (namespace.supertable, request.table, request.filters, request.order, request.version)
        self._listing = msgspec.json.encode(("rows", caller, chosen)).decode()
        self._start = _position(decode_cursor(self._listing, cursor, str))
        self._statement: RowsStatement | None = None
        self._next_cursor: str | None = None

    @property
    def arrow(self) -> bool:
        """The page's end must be known before its first byte is sent, so the rows are encoded here."""
        return False

    def pieces(self) -> Iterator[Piece]:
        self._statement = rows_statement(self._tables, self._namespace, self._request, self._start)
        self._sql, self._parameters = self._statement.sql, self._statement.parameters
        yield from super().pieces()

    def encode(self, reader: pa.RecordBatchReader) -> Iterator[Piece]:
        assert self._statement is not None
        page, is_last = _page(reader, self._request.limit)
        if page.num_rows and not is_last:

            def text(column: str, row: int) -> str | None:
                return value_text(page[column].slice(row, 1).combine_chunks())

            position = self._statement.position_after(page.num_rows, text)
            self._next_cursor = encode_cursor(self._listing, msgspec.json.encode(position).decode())
        rows = page.to_reader()
        if self._encoding is Encoding.JSON:
            members = {**self.read_by.members, "next_cursor": self._next_cursor}
            return result_document(rows, members, rows="rows", numbers=self._numbers)
        return encoded_rows(rows, self._encoding, self._numbers)

    def headers(self) -> Mapping[str, str]:
        return {**super().headers(), **({NEXT_CURSOR_HEADER: self._next_cursor} if self._next_cursor else {})}


@get(
    TABLE + "/rows",
    tags=["reading"],
    summary="List rows",
    responses=problems(404, 406, 422) | answers(RowsPage),
    operation_class=PageOperation,
)
async def list_rows(
    request: Request[Any, Any, State],
    container: InjectedContainer,
    namespace: InjectedNamespace,
    table: FromPath[str],
    filter_: Filters = None,
    order: Order = None,
    limit: PageRows = 100,
    cursor: RowsCursor = None,
    version: Version = None,
    numbers: NumbersAs = Numbers.NATIVE,
    engine: Engine = None,
) -> StreamedResponse:
    """Return the rows of a table that meet all filters, in pages, in the format that `Accept` names.

    All pages are of the version of the first. Without an order, rows are ordered by their keys, or by all columns. A
    page may be shorter than its limit; `next_cursor` is null only on the last. For anything else, run a query.
    """
    media_type = negotiated_media_type(request)
    wanted = RowsRequest(checked_name("table", table), filter_ or (), order or (), limit, version)
    body = RowsBody(container, namespace, wanted, cursor, RESULT_ENCODINGS[media_type], numbers, wanted_engine(engine))
    return StreamedResponse(body, media_type)


def _page(reader: pa.RecordBatchReader, limit: int) -> tuple[pa.Table, bool]:
    """The rows of the page, fewer than its limit if they are large, and whether it is the last."""
    batches: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in reader:
        if rows and size + batch.nbytes > _MOST_PAGE_BYTES:
            return pa.Table.from_batches(batches, reader.schema)[:limit], False
        batches.append(batch)
        rows, size = rows + batch.num_rows, size + batch.nbytes
    return pa.Table.from_batches(batches, reader.schema)[:limit], rows <= limit


def _position(text: str | None) -> Position | None:
    try:
        return None if text is None else msgspec.json.decode(text, type=Position)
    except msgspec.DecodeError:
        raise InvalidInput("The cursor does not belong to this list. Start without a cursor.") from None


HANDLERS = (list_rows,)
