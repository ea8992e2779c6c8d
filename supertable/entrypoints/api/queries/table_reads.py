"""`…/rows`, `…/changes` and `…/statistics` of a table: what is in it, through the same reading path as queries."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, get
from litestar.datastructures import State
from litestar.params import FromPath, QueryParameter

from supertable.application.ports.engines import Limits
from supertable.application.queries.table_statistics import ColumnStatistics
from supertable.application.tables.namespace import Namespace
from supertable.config.container import Container
from supertable.domain.names import checked_name
from supertable.entrypoints.api.queries.query import QueryRequest, RunningAnswer
from supertable.entrypoints.api.tables.tables import TABLE
from supertable.entrypoints.encoding.values import json_values
from supertable.entrypoints.web.dependencies import Here, Services
from supertable.entrypoints.web.media_types import MEDIA_TYPES, accepted
from supertable.entrypoints.web.openapi import ResultOperation
from supertable.entrypoints.web.openapi_problems import problems
from supertable.entrypoints.web.streamed_response import StreamedResponse

_TAGS = ["reading"]

Rows = Annotated[int, QueryParameter(ge=0, le=10_000, description="How many rows at most.")]
At = Annotated[int | None, QueryParameter(ge=1, description="The version to read; none: the newest.")]


class ColumnStatisticsAnswer(msgspec.Struct, frozen=True):
    """`distinct` is about how many different values there are. `min` and `max` as in the rows of queries."""

    name: str
    type: str
    nulls: int
    distinct: int | None
    min: Any
    max: Any

    @classmethod
    def of(cls, column: ColumnStatistics) -> ColumnStatisticsAnswer:
        low, high = (None if end is None else json_values(end)[0] for end in (column.low, column.high))
        return cls(column.name, column.type, column.nulls, column.distinct, low, high)


class StatisticsAnswer(msgspec.Struct, frozen=True):
    """Of the rows and columns that the caller sees. `files` and `bytes`: null for who sees only a part of them."""

    table: str
    version: int
    rows: int
    files: int | None
    bytes: int | None
    columns: list[ColumnStatisticsAnswer]


@get(
    TABLE + "/rows",
    tags=_TAGS,
    summary="Preview rows",
    responses=problems(404, 406, 422),
    operation_class=ResultOperation,
)
async def preview_rows(
    request: Request[Any, Any, State],
    container: Services,
    namespace: Here,
    table: FromPath[str],
    limit: Rows = 100,
    version: At = None,
) -> StreamedResponse:
    """Some rows, in no order, in the format that `Accept` names. For more, or others, run a query."""
    at = "" if version is None else f" AT (VERSION => {version})"
    name = checked_name("table", table)
    return _streamed(
        request, container, namespace, f'SELECT * FROM "{namespace.supertable}"."{name}"{at} LIMIT {limit}'
    )


@get(
    TABLE + "/changes",
    tags=_TAGS,
    summary="Changed rows",
    responses=problems(404, 406, 422),
    operation_class=ResultOperation,
)
async def list_changes(
    request: Request[Any, Any, State],
    container: Services,
    namespace: Here,
    table: FromPath[str],
    after: Annotated[int, QueryParameter(ge=0, description="Changes after this version; 0: all.")],
    up_to: Annotated[int | None, QueryParameter(ge=1, description="And up to this one; none: the newest.")] = None,
) -> StreamedResponse:
    """The rows that changed between two versions, in the format that `Accept` names.

    `_change` is insert, update_before, update_after or delete; `_version` the version that did it.
    """
    upper = "" if up_to is None else f", {up_to}"
    name = f"{namespace.supertable}.{checked_name('table', table)}"
    return _streamed(request, container, namespace, f"SELECT * FROM table_changes('{name}', {after}{upper})")


@get(
    TABLE + "/statistics", tags=_TAGS, summary="A table's statistics", responses=problems(404, 422), sync_to_thread=True
)
def table_statistics(container: Services, namespace: Here, table: FromPath[str]) -> StatisticsAnswer:
    """Rows, and for each column the nulls, least and greatest value, counted over what the caller sees."""
    found = container.table_statistics()(namespace, table, _limits(container))
    columns = [ColumnStatisticsAnswer.of(column) for column in found.columns]
    return StatisticsAnswer(found.table, found.version, found.rows, found.files, found.bytes, columns)


def _streamed(
    request: Request[Any, Any, State], container: Container, namespace: Namespace, sql: str
) -> StreamedResponse:
    media_type = accepted(request)
    query = QueryRequest(sql=sql)
    answer = RunningAnswer(container.run_query(), namespace, query, _limits(container), MEDIA_TYPES[media_type])
    return StreamedResponse(answer, media_type)


def _limits(container: Container) -> Limits:
    return Limits(None, container.settings().query_timeout_seconds)


HANDLERS = (preview_rows, list_changes, table_statistics)
