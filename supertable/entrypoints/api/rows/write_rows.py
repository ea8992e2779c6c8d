"""`…/rows` and `…/deletions`: writes and deletes rows."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, post
from litestar.concurrency import sync_to_thread
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, JSONBody, QueryParameter, SkipValidation

from supertable.application.commits.write_result import WriteResult
from supertable.application.ddl.load_options import read_options
from supertable.application.ports.engines.callers import Caller
from supertable.application.writes.ingest_rows import IngestRequest
from supertable.application.writes.write_modes import WriteMode
from supertable.domain.errors import InvalidInput
from supertable.domain.table.commit_info import checked_commit_info
from supertable.entrypoints.api.openapi.operations import RowsOperation
from supertable.entrypoints.api.openapi.problem_responses import keyed_problems
from supertable.entrypoints.api.openapi.response_headers import LOCATION_HEADER
from supertable.entrypoints.api.rows.collected_rejects import CollectedRejects, Rejected
from supertable.entrypoints.api.rows.load_parameters import Reading, reading
from supertable.entrypoints.api.rows.uploads import Upload, checked_creation
from supertable.entrypoints.api.tables.tables import TABLE
from supertable.entrypoints.api.tables.versions import IdempotencyKey, version_response
from supertable.entrypoints.web.requests.disconnects import done_or_cancelled
from supertable.entrypoints.web.requests.json_bodies import Body
from supertable.entrypoints.web.requests.row_bodies import BodyLimits, received_rows, small_rows
from supertable.entrypoints.web.service.dependencies import (
    InjectedContainer,
    InjectedNamespace,
    answers_of,
    container_of,
    namespace_of,
)

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
Timezone = Annotated[
    str,
    QueryParameter(
        description="The zone of timestamps without one, such as `Europe/Berlin`, for columns with a zone.",
        max_length=60,
    ),
]
Where = Annotated[
    str | None,
    QueryParameter(
        max_length=5000,
        description="A SQL condition. With `mode=overwrite`, only rows for which it is true are replaced.",
    ),
]


Create = Annotated[
    bool,
    QueryParameter(
        description="Whether to create the table if it does not exist, with the columns and types of the rows."
    ),
]
Keys = Annotated[
    str | None,
    QueryParameter(max_length=16_000, description="With `create`: the key columns, separated by commas."),
]
Sequence = Annotated[
    str | None,
    QueryParameter(
        max_length=255, description="With `create`: the column that orders rows with the same key; the highest wins."
    ),
]

Layout = Annotated[
    list[str] | None,
    QueryParameter(
        max_items=2_000,
        description="With `create`: the layout of the files, as when a table is created, such as `month(ordered_at)`. "
        "Repeatable.",
    ),
]


class WriteAnswer(msgspec.Struct, frozen=True):
    """A durable version. `replayed`: an earlier request had this idempotency key; nothing was written now.

    If several writers share the commit, the rows are those of this writer; files and bytes are those of all.
    `rows_rejected`: how many rows were left out. `rejects`: the first of them, with `on_error=rejects`.
    """

    table: str
    version: int
    operation: str
    rows_inserted: int
    rows_updated: int
    rows_deleted: int
    files_added: int
    bytes_added: int
    replayed: bool
    rows_rejected: int
    rejects: list[Rejected]


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
    dependencies={"chosen": Provide(reading, sync_to_thread=False)},
)
async def write_rows(
    request: Request[Any, Any, State],
    chosen: SkipValidation[NamedDependency[Reading]],
    supertable: FromPath[str],
    table: FromPath[str],
    mode: Mode = WriteMode.APPEND,
    evolve: Evolve = False,
    where: Where = None,
    create: Create = False,
    keys: Keys = None,
    sequence: Sequence = None,
    partition_by: Layout = None,
    sort_by: Layout = None,
    timezone: Timezone = "",
    idempotency_key: IdempotencyKey = None,
) -> Response[WriteAnswer]:
    """Write the rows of the body as one version, and return it with 201 once it is durable.

    The body is JSON, NDJSON, CSV, TSV, Parquet or an Arrow stream, as `Content-Type` says; `Content-Encoding` may be
    gzip or zstd. Either all rows are written or none. A small body may share its version with concurrent writes.
    """
    container, answers = container_of(request.scope), answers_of(request.scope)  # one dependency costs less than three
    namespace = namespace_of(request.scope, supertable)
    if chosen.options.get("header") is False and not chosen.options.get("columns") and not create:
        raise InvalidInput("Rows without a header need names: give `columns`. Nothing was written.")
    info = checked_commit_info(idempotency_key, {})
    rejects = CollectedRejects()
    options = read_options(chosen.options, None if chosen.on_error == "stop" else rejects)
    words = "" if chosen.is_default else f"{chosen.on_error} {sorted(chosen.options.items())}"
    caller = Caller(namespace.session.user) if where is not None else None
    wanted = IngestRequest(namespace, table, mode, evolve, where, info, options, words, timezone, caller)
    created = checked_creation(create, where, keys, sequence, partition_by or (), sort_by or ())
    upload = Upload(container, wanted, created)
    settings = container.settings()
    limits = BodyLimits(settings.ingest_max_bytes, settings.ingest_max_line_bytes)
    small = await small_rows(request, limits) if upload.may_be_shared else None
    if small is not None:
        return version_response(namespace, _answer(await upload.write_small(small, answers)))
    await sync_to_thread(upload.check)
    folder = settings.folder("temporary")
    async with received_rows(request, folder, limits, as_file=upload.needs_file, check=upload.check) as body:
        result = await upload.write(body, request.receive, answers)
    shown = rejects.first if chosen.on_error == "rejects" else []
    return version_response(namespace, _answer(result, rejects.count, shown))


def _answer(result: WriteResult, rejected: int = 0, shown: list[Rejected] | None = None) -> WriteAnswer:
    return WriteAnswer(
        table=result.table,
        version=result.version,
        operation=result.operation,
        rows_inserted=result.rows_inserted,
        rows_updated=result.rows_updated,
        rows_deleted=result.rows_deleted,
        files_added=result.files_added,
        bytes_added=result.bytes_added,
        replayed=result.replayed,
        rows_rejected=rejected,
        rejects=shown or [],
    )


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
