"""`…/changes` and `…/statistics` of a table, read through the same path as queries."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import pyarrow as pa
from litestar import Request, get
from litestar.datastructures import State
from litestar.params import FromPath, QueryParameter

from supertable.application.ports.engines.running_queries import Limits
from supertable.application.queries.table_statistics import ColumnStatistics
from supertable.config.container import Container
from supertable.domain.names import checked_name
from supertable.entrypoints.api.openapi.operations import ResultOperation
from supertable.entrypoints.api.openapi.problem_responses import answers, problems
from supertable.entrypoints.api.queries.numbers import Numbers, NumbersAs
from supertable.entrypoints.api.queries.query import Engine, QueryBody, wanted_engine
from supertable.entrypoints.api.queries.result_documents import QueryAnswer
from supertable.entrypoints.api.tables.tables import TABLE
from supertable.entrypoints.encoding.number_texts import array_as_text
from supertable.entrypoints.encoding.values import json_values
from supertable.entrypoints.web.responses.media_types import RESULT_ENCODINGS, negotiated_media_type
from supertable.entrypoints.web.responses.streamed_response import StreamedResponse
from supertable.entrypoints.web.service.dependencies import InjectedContainer, InjectedNamespace

_TAGS = ["reading"]


class ColumnStatisticsAnswer(msgspec.Struct, frozen=True):
    """The statistics of one column. `distinct` is an estimate of the number of distinct values.

    `min` and `max` are encoded as in the rows of queries.
    """

    name: str
    type: str
    nulls: int
    distinct: int | None
    min: Any
    max: Any

    @classmethod
    def of(cls, column: ColumnStatistics, numbers: Numbers) -> ColumnStatisticsAnswer:
        ends = (
            end if end is None or numbers is Numbers.NATIVE else array_as_text(end) for end in (column.low, column.high)
        )
        low, high = (None if end is None else json_values(end)[0] for end in ends)
        return cls(column.name, column.type, column.nulls, column.distinct, low, high)


class StatisticsAnswer(msgspec.Struct, frozen=True):
    """Statistics of the rows and columns that the caller sees.

    `files` and `bytes` are null if the role sees only a part of the table.
    """

    table: str
    version: int
    rows: int
    files: int | None
    bytes: int | None
    columns: list[ColumnStatisticsAnswer]


@get(
    TABLE + "/changes",
    tags=_TAGS,
    summary="List changed rows",
    responses=problems(404, 406, 422) | answers(QueryAnswer),
    operation_class=ResultOperation,
)
async def list_changes(
    request: Request[Any, Any, State],
    container: InjectedContainer,
    namespace: InjectedNamespace,
    table: FromPath[str],
    after: Annotated[int, QueryParameter(ge=0, description="Return changes after this version; 0: all changes.")],
    up_to: Annotated[
        int | None, QueryParameter(ge=1, description="Return changes up to this version. Without it, up to the newest.")
    ] = None,
    numbers: NumbersAs = Numbers.NATIVE,
    engine: Engine = None,
) -> StreamedResponse:
    """Return the rows that changed between two versions, in the format that `Accept` names.

    `_change` is `insert`, `update_before`, `update_after` or `delete`. `_version` is the version that made the change.
    """
    upper = "" if up_to is None else f", {up_to}"
    name = f"{namespace.supertable}.{checked_name('table', table)}"
    sql = f"SELECT * FROM table_changes('{name}', {after}{upper})"
    media_type = negotiated_media_type(request)
    encoding = RESULT_ENCODINGS[media_type]
    wanted = wanted_engine(engine)
    body = QueryBody(container.run_query(), namespace, sql, (), _limits(container), encoding, numbers, wanted)
    return StreamedResponse(body, media_type)


@get(
    TABLE + "/statistics",
    tags=_TAGS,
    summary="Compute a table's statistics",
    responses=problems(404, 422),
    sync_to_thread=True,
)
def compute_statistics(
    container: InjectedContainer,
    namespace: InjectedNamespace,
    table: FromPath[str],
    numbers: NumbersAs = Numbers.NATIVE,
) -> StatisticsAnswer:
    """Return the number of rows and, for each column, its nulls, distinct values, minimum and maximum.

    The statistics cover the rows and columns that the caller sees. They are exact, except `distinct`, because they are
    computed by a query over the columns.
    """
    found = container.table_statistics()(namespace, table, _limits(container))
    columns = [ColumnStatisticsAnswer.of(column, numbers) for column in found.columns]
    return StatisticsAnswer(found.table, found.version, found.rows, found.files, found.bytes, columns)


def _value(end: pa.Array, numbers: Numbers) -> Any:
    return json_values(array_as_text(end) if numbers is Numbers.TEXT else end)[0]


def _limits(container: Container) -> Limits:
    return Limits(None, container.settings().query_timeout_seconds)


HANDLERS = (list_changes, compute_statistics)
