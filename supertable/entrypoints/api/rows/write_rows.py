"""`…/rows` and `…/deletions`: writes and deletes rows."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, post
from litestar.concurrency import sync_to_thread
from litestar.datastructures import State
from litestar.params import FromPath, JSONBody, QueryParameter

from supertable.application.commits.write_result import WriteResult
from supertable.application.ports.callers import Caller
from supertable.application.writes.ingest_rows import IngestRequest
from supertable.application.writes.write_modes import WriteMode
from supertable.config.container import Container
from supertable.domain.access.roles import Permission
from supertable.domain.errors import InvalidInput
from supertable.domain.table.commit_info import checked_commit_info
from supertable.entrypoints.api.openapi.operations import RowsOperation
from supertable.entrypoints.api.openapi.problem_responses import keyed_problems
from supertable.entrypoints.api.openapi.response_headers import LOCATION_HEADER
from supertable.entrypoints.api.rows import text_parameters
from supertable.entrypoints.api.tables.tables import TABLE
from supertable.entrypoints.api.tables.versions import IdempotencyKey, version_response
from supertable.entrypoints.web.requests.disconnects import done_or_cancelled
from supertable.entrypoints.web.requests.json_bodies import Body
from supertable.entrypoints.web.requests.row_bodies import BodyLimits, RowBody, received_rows, row_format
from supertable.entrypoints.web.service.dependencies import InjectedContainer, InjectedNamespace

_TAGS = ["rows"]
Mode = Annotated[
    WriteMode,
    QueryParameter(
        description="`append` adds the rows, `upsert` replaces rows with the same keys, `overwrite` replaces all rows."
    ),
]
Evolve = Annotated[
    bool, QueryParameter(description="Whether the rows may add columns to the table and widen its types.")
]
Where = Annotated[
    str | None,
    QueryParameter(
        max_length=5000,
        description="A SQL condition. With `mode=overwrite`, only rows for which it is true are replaced.",
    ),
]


class NewDeletion(Body):
    """The rows to delete: give either `where` or `keys`. `properties` are recorded in the history."""

    where: Annotated[
        str | None,
        msgspec.Meta(
            description="A SQL condition. Rows for which it is true are deleted.", examples=["region = 'north'"]
        ),
    ] = None
    keys: Annotated[
        Annotated[list[dict[str, Any]], msgspec.Meta(min_length=1)] | None,
        msgspec.Meta(
            description="The keys of the rows, as objects with the key columns.", examples=[[{"id": 1}, {"id": 2}]]
        ),
    ] = None
    reason: Annotated[str, msgspec.Meta(max_length=1000, description="The reason, recorded in the history.")] = ""
    properties: dict[str, str] = msgspec.field(default_factory=dict)


@post(
    TABLE + "/rows",
    tags=_TAGS,
    summary="Write rows",
    responses=keyed_problems(404),
    operation_class=RowsOperation,
    response_headers=[LOCATION_HEADER],
    request_max_body_size=None,
)
async def write_rows(
    request: Request[Any, Any, State],
    container: InjectedContainer,
    namespace: InjectedNamespace,
    table: FromPath[str],
    mode: Mode = WriteMode.APPEND,
    evolve: Evolve = False,
    where: Where = None,
    null: text_parameters.Null = None,
    date_format: text_parameters.DateFormat = None,
    decimal: text_parameters.Decimal = ".",
    delimiter: text_parameters.Delimiter = None,
    header: text_parameters.Header = True,
    columns: text_parameters.Columns = None,
    idempotency_key: IdempotencyKey = None,
) -> Response[WriteResult]:
    """Write the rows of the body as one version, and return it with 201 once it is durable.

    The body is JSON, NDJSON, CSV, TSV, Parquet or an Arrow stream, as `Content-Type` says; `Content-Encoding` may be
    gzip or zstd. Either all rows are written or none. A small body may share its version with concurrent writes.
    """
    settings = container.settings()
    text = text_parameters.text_options(row_format(request), null, date_format, decimal, delimiter, header, columns)
    wanted = IngestRequest(namespace, table, mode, evolve, where, checked_commit_info(idempotency_key, {}), text)
    limits = BodyLimits(settings.ingest_max_bytes, settings.ingest_max_line_bytes)
    check = partial(container.tables().open, namespace, table, Permission.WRITE)
    folder = settings.folder("temporary")
    async with received_rows(request, folder, limits, as_file=not wanted.shareable, check=check) as body:
        return version_response(namespace, await _write(container, wanted, body))


async def _write(container: Container, wanted: IngestRequest, body: RowBody) -> WriteResult:
    ingest = container.ingest_rows()
    if body.text is not None:
        return await asyncio.wrap_future(ingest.write_text(wanted, body.text, body.format))
    result: WriteResult = await sync_to_thread(
        ingest.write_file, wanted, body.file, body.format, body.compression, body.size
    )
    return result


@post(
    TABLE + "/deletions",
    tags=_TAGS,
    summary="Delete rows",
    responses=keyed_problems(404),
    response_headers=[LOCATION_HEADER],
)
async def delete_rows(
    request: Request[Any, Any, State],
    container: InjectedContainer,
    namespace: InjectedNamespace,
    table: FromPath[str],
    data: JSONBody[NewDeletion],
    idempotency_key: IdempotencyKey = None,
) -> Response[WriteResult]:
    """Delete rows in one new version, and return it with 201 once it is durable.

    Older versions keep the rows. A deletion that matches no rows makes a version, too. If the client disconnects while
    rows are searched by `where`, nothing is deleted.
    """
    info = checked_commit_info(idempotency_key, data.properties)
    if (data.where is None) == (data.keys is None):
        raise InvalidInput("Give either `where` or `keys`. Nothing was deleted.")
    caller = Caller(namespace.session.user)

    def delete() -> WriteResult:
        use_case = container.delete_rows()
        if data.where is not None:
            return use_case.where(namespace, table, data.where, data.reason, info, caller)
        keys = container.ingest_rows().read_keys(namespace, table, msgspec.json.encode(data.keys))
        return use_case.keys(namespace, table, keys, data.reason, info)

    return version_response(namespace, await done_or_cancelled(request.receive, delete, caller.cancel))


HANDLERS = (write_rows, delete_rows)
