"""`…/clones`, `…/dropped_tables` and `…/undrops`: creates tables from existing or dropped tables."""

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
from supertable.entrypoints.api.tables.table_descriptions import TableDescription, created_response
from supertable.entrypoints.api.tables.tables import TABLE, Name
from supertable.entrypoints.web.requests.json_bodies import Body
from supertable.entrypoints.web.service.dependencies import InjectedContainer, InjectedNamespace

_TAGS = ["tables"]
_SUPERTABLE = "/supertables/{supertable:str}"

Version = Annotated[
    int | str | None,
    msgspec.Meta(description="A version number, a tag, or null: the newest version.", examples=[3, "before_import"]),
]


class NewClone(Body):
    """The name of the clone, and the version to clone."""

    name: Name
    version: Version = None


class Undrop(Body):
    """A dropped table to restore. `as_name`: a new name, in case another table has its old name now."""

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
    """Create a table with the rows of a version of this table, and return it with 201.

    No rows are copied. Later writes to one table do not affect the other.
    """
    return created_response(namespace, container.clone_table()(namespace, table, data.name, data.version))


@get(
    _SUPERTABLE + "/dropped_tables",
    tags=_TAGS,
    summary="List dropped tables",
    responses=problems(),
    sync_to_thread=True,
)
def list_dropped_tables(
    container: InjectedContainer, namespace: InjectedNamespace, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[DroppedTable]:
    """Return the dropped tables that can be restored, last dropped first."""
    found = DroppedTable.all_of(container.tables().registry(namespace))
    listing = f"dropped tables of {name_key(namespace.supertable)}"
    return paginate(listing, found, lambda info: time_key(info.dropped_at), limit, cursor, newest_first=True)


@post(
    _SUPERTABLE + "/undrops",
    tags=_TAGS,
    summary="Restore a dropped table",
    responses=change_problems(404),
    response_headers=[ETAG_HEADER, LOCATION_HEADER],
    sync_to_thread=True,
)
def undrop_table(
    container: InjectedContainer, namespace: InjectedNamespace, data: JSONBody[Undrop]
) -> Response[TableDescription]:
    """Restore a dropped table with all its versions, and return it with 201.

    If several dropped tables had the name, the one that was dropped last is restored. Returns 409 if a table with the
    name exists.
    """
    name = container.undrop_table()(namespace, data.table, data.as_name)
    return created_response(namespace, container.tables().open(namespace, name, Permission.META))


HANDLERS = (clone_table, list_dropped_tables, undrop_table)
