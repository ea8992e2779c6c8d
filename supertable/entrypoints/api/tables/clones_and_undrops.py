"""`…/clones`, `…/dropped_tables` and `…/undrops`: tables that come of what there is, or was, already."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, JSONBody

from supertable.application.tables.table_info import DroppedTable
from supertable.domain.access.roles import Permission
from supertable.domain.names import name_key
from supertable.entrypoints.api.openapi.problem_responses import change_problems, problems
from supertable.entrypoints.api.openapi.response_headers import ETAG_HEADER, LOCATION_HEADER
from supertable.entrypoints.api.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, paginate, time_key
from supertable.entrypoints.api.tables.table_descriptions import TableDescription, created
from supertable.entrypoints.api.tables.tables import TABLE, Name
from supertable.entrypoints.web.requests.json_bodies import Body
from supertable.entrypoints.web.service.dependencies import InjectedContainer, InjectedNamespace

_TAGS = ["tables"]
_LAKE = "/supertables/{supertable:str}"

Version = Annotated[
    int | str | None, msgspec.Meta(description="A number, a tag, or null: the newest.", examples=[3, "before_import"])
]


class NewClone(Body):
    name: Name
    version: Version = None


class Undrop(Body):
    """`as_name`: the name that it gets, where its own is another table's by now."""

    table: Name
    as_name: str | None = None


@post(
    TABLE + "/clones",
    tags=_TAGS,
    summary="Clone a table",
    responses=change_problems(404),
    response_headers=[ETAG_HEADER, LOCATION_HEADER],
    sync_to_thread=True,
)
def clone_table(
    container: InjectedContainer, namespace: InjectedNamespace, table: FromPath[str], data: JSONBody[NewClone]
) -> Response[TableDescription]:
    """A new table with the rows of this one at a version, none copied. Writes to either never show in the other."""
    return created(namespace, container.clone_table()(namespace, table, data.name, data.version))


@get(_LAKE + "/dropped_tables", tags=_TAGS, summary="List dropped tables", responses=problems(), sync_to_thread=True)
def list_dropped_tables(
    container: InjectedContainer, namespace: InjectedNamespace, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[DroppedTable]:
    """Those that can be brought back, the latest dropped first."""
    found = DroppedTable.all_of(container.tables().registry(namespace))
    listing = f"dropped tables of {name_key(namespace.supertable)}"
    return paginate(listing, found, lambda info: time_key(info.dropped_at), limit, cursor, newest_first=True)


@post(
    _LAKE + "/undrops",
    tags=_TAGS,
    summary="Bring a dropped table back",
    responses=change_problems(404),
    response_headers=[ETAG_HEADER, LOCATION_HEADER],
    sync_to_thread=True,
)
def undrop_table(
    container: InjectedContainer, namespace: InjectedNamespace, data: JSONBody[Undrop]
) -> Response[TableDescription]:
    """The table of that name that was dropped last, with all its versions."""
    name = container.undrop_table()(namespace, data.table, data.as_name)
    return created(namespace, container.tables().open(namespace, name, Permission.META))


HANDLERS = (clone_table, list_dropped_tables, undrop_table)
