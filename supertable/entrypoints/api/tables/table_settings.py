"""`…/settings`: what maintenance does to a table."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Response, get, patch
from litestar.params import FromPath, JSONBody

from supertable.application.tables.open_table import OpenTable
from supertable.domain.access.roles import Permission
from supertable.entrypoints.api.openapi.problem_responses import change_problems, problems
from supertable.entrypoints.api.openapi.response_headers import ETAG_HEADER
from supertable.entrypoints.api.tables.tables import TABLE
from supertable.entrypoints.web.requests.etags import IfMatch, etag_of, matched_table
from supertable.entrypoints.web.requests.json_bodies import Body
from supertable.entrypoints.web.service.dependencies import InjectedContainer, InjectedNamespace

_TAGS = ["tables"]


class TableSettings(msgspec.Struct, frozen=True):
    """Files whose live rows take less than half of `target_file_bytes` are small; `small_files` of them are merged.

    A file is written anew where the share of its dead rows is at least `dirty_share`. `sort_by`: columns that compacted
    files are sorted by. Versions stay for `retention_seconds` after another took their place.
    """

    target_file_bytes: int
    small_files: int
    dirty_share: float
    sort_by: list[str]
    retention_seconds: float

    @classmethod
    def of(cls, table: OpenTable) -> TableSettings:
        """Raises `AccessDenied` for callers who see only a part of the table."""
        table.require_whole("see the maintenance policy of")
        policy = table.snapshot.definition.maintenance
        columns = (table.snapshot.schema.by_id(field_id) for field_id in policy.sort_by)
        return cls(
            policy.target_file_bytes,
            policy.small_files,
            policy.dirty_share,
            [column.name for column in columns if column],
            policy.retention_seconds,
        )


class TableSettingsEdit(Body):
    """What is not given stays."""

    target_file_bytes: Annotated[int | None, msgspec.Meta(examples=[134_217_728])] = None
    small_files: Annotated[int | None, msgspec.Meta(examples=[16])] = None
    dirty_share: Annotated[float | None, msgspec.Meta(examples=[0.2])] = None
    sort_by: Annotated[list[str] | None, msgspec.Meta(examples=[["ordered_at"]])] = None
    retention_seconds: Annotated[float | None, msgspec.Meta(examples=[604_800])] = None


@get(
    TABLE + "/settings",
    tags=_TAGS,
    summary="A table's settings",
    responses=problems(404),
    response_headers=[ETAG_HEADER],
    sync_to_thread=True,
)
def describe_settings(
    container: InjectedContainer, namespace: InjectedNamespace, table: FromPath[str]
) -> Response[TableSettings]:
    """What maintenance does to the table. For callers who see the whole of it."""
    return _answer(container.tables().open(namespace, table, Permission.META))


@patch(
    TABLE + "/settings",
    tags=_TAGS,
    summary="Change a table's settings",
    responses=change_problems(404, 412),
    response_headers=[ETAG_HEADER],
    sync_to_thread=True,
)
def edit_settings(
    container: InjectedContainer,
    namespace: InjectedNamespace,
    table: FromPath[str],
    data: JSONBody[TableSettingsEdit],
    if_match: IfMatch = None,
) -> Response[TableSettings]:
    """A version that changes the table's definition and no row."""
    tables = container.tables()
    read = matched_table(tables, namespace, table, if_match, _etag)
    container.set_maintenance()(namespace, table, **msgspec.structs.asdict(data), read=read)
    return _answer(tables.open(namespace, table, Permission.META))


def _answer(table: OpenTable) -> Response[TableSettings]:
    return Response(TableSettings.of(table), headers={"ETag": _etag(table)})


def _etag(table: OpenTable) -> str:
    policy = table.snapshot.definition.maintenance
    return etag_of("settings", table.entry.table_id, policy)


HANDLERS = (describe_settings, edit_settings)
