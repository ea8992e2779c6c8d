"""`…/settings`: a table's maintenance policy, and the engine of its queries."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Response, get, patch
from litestar.params import FromPath, JSONBody

from supertable.application.ddl.set_maintenance_policy import settings_of
from supertable.application.tables.open_table import OpenTable
from supertable.application.tables.table_info import layout_texts
from supertable.domain.access.roles import Permission
from supertable.entrypoints.api.openapi.problem_responses import change_problems, problems
from supertable.entrypoints.api.openapi.response_headers import ETAG_HEADER
from supertable.entrypoints.api.tables.tables import TABLE
from supertable.entrypoints.web.requests.etags import IfMatch, etag_of, matched_table
from supertable.entrypoints.web.requests.json_bodies import Body
from supertable.entrypoints.web.service.dependencies import InjectedContainer, InjectedNamespace

_TAGS = ["tables"]


class TableSettings(msgspec.Struct, frozen=True):
    """The maintenance policy of a table, and the engine of queries that name none.

    `target_file_bytes`: a file is small if its live rows take less than half of this size. `small_files`: small files
    are merged once there are this many. `dirty_share`: a file is rewritten once this share of its rows is dead.
    `sort_by`: the columns that files are sorted by. `retention_seconds`: how long a version is kept after a newer
    version replaced it. `engine`: `auto`, `lite`, `pro` or `spark`; `default`: that of the service's settings.
    `partition_by`: the columns, and transforms of columns, by which files are partitioned.
    """

    target_file_bytes: int
    small_files: int
    dirty_share: float
    sort_by: list[str]
    retention_seconds: float
    engine: str
    partition_by: list[str]

    @classmethod
    def of(cls, table: OpenTable) -> TableSettings:
        """Raises `AccessDenied` if the role sees only a part of the table."""
        table.require_whole("see the settings of")
        policy = table.snapshot.definition.maintenance
        partition_by, sort_by = layout_texts(table)
        return cls(
            policy.target_file_bytes,
            policy.small_files,
            policy.dirty_share,
            sort_by,
            policy.retention_seconds,
            table.snapshot.definition.engine or "default",
            partition_by,
        )


class TableSettingsEdit(Body):
    """Changes to the settings. Omitted fields keep their values."""

    target_file_bytes: Annotated[int | None, msgspec.Meta(examples=[134_217_728])] = None
    small_files: Annotated[int | None, msgspec.Meta(examples=[16])] = None
    dirty_share: Annotated[float | None, msgspec.Meta(examples=[0.2])] = None
    sort_by: Annotated[list[str] | None, msgspec.Meta(examples=[["ordered_at"]])] = None
    retention_seconds: Annotated[float | None, msgspec.Meta(examples=[604_800])] = None
    engine: Annotated[
        str | None, msgspec.Meta(description="AUTO, LITE, PRO, SPARK or default, in any case.", examples=["auto"])
    ] = None
    partition_by: Annotated[list[str] | None, msgspec.Meta(examples=[["month(ordered_at)", "bucket(16, id)"]])] = None


@get(
    TABLE + "/settings",
    tags=_TAGS,
    summary="Describe a table's settings",
    responses=problems(404),
    response_headers=[ETAG_HEADER],
    sync_to_thread=True,
)
def describe_settings(
    container: InjectedContainer, namespace: InjectedNamespace, table: FromPath[str]
) -> Response[TableSettings]:
    """Return the settings of a table. Returns 403 if the role sees only a part of the table."""
    return _response(container.tables().open(namespace, table, Permission.META))


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
    """Change the settings of a table and return them. This makes a new version without changing rows."""
    tables = container.tables()
    read = matched_table(tables, namespace, table, if_match, _etag)
    container.set_maintenance()(namespace, table, **msgspec.structs.asdict(data), read=read)
    return _response(tables.open(namespace, table, Permission.META))


def _response(table: OpenTable) -> Response[TableSettings]:
    return Response(TableSettings.of(table), headers={"ETag": _etag(table)})


def _etag(table: OpenTable) -> str:
    return etag_of("settings", table.entry.table_id, settings_of(table.snapshot.definition))


HANDLERS = (describe_settings, edit_settings)
