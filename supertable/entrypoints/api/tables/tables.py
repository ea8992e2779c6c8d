"""`…/tables`: creates, lists, describes, renames and drops tables."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody

from supertable.application.tables.table_info import TableInfo
from supertable.domain.access.roles import Permission
from supertable.domain.errors import InvalidInput
from supertable.domain.names import name_key
from supertable.entrypoints.api.openapi.problem_responses import change_problems, problems
from supertable.entrypoints.api.openapi.response_headers import ETAG_HEADER, LOCATION_HEADER
from supertable.entrypoints.api.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, paginate
from supertable.entrypoints.api.tables.columns import NewColumn, arrow_columns
from supertable.entrypoints.api.tables.table_descriptions import (
    TableDescription,
    created_response,
    table_etag,
    table_response,
)
from supertable.entrypoints.web.requests.etags import IfMatch, matched_table
from supertable.entrypoints.web.requests.json_bodies import Body
from supertable.entrypoints.web.service.dependencies import InjectedContainer, InjectedNamespace

_TAGS = ["tables"]
TABLES = "/supertables/{supertable:str}/tables"
TABLE = TABLES + "/{table:str}"

Name = Annotated[
    str,
    msgspec.Meta(
        description="1 to 128 letters A to Z, digits or underscores. Names are case-insensitive.", examples=["orders"]
    ),
]
Comment = Annotated[str, msgspec.Meta(max_length=4096, description="A description of the table.")]

PartitionBy = Annotated[
    list[str],
    msgspec.Meta(
        description="Columns, or year, month, day, hour, truncate or bucket of one: a file has rows of one partition.",
        examples=[["month(ordered_at)", "bucket(16, id)"]],
    ),
]
SortBy = Annotated[list[str], msgspec.Meta(description="The order of rows in files.", examples=[["id", "amount DESC"]])]


class NewTable(Body):
    """A table to create. `keys`: the columns that identify a row; the table then holds one row for each key."""

    name: Name
    columns: Annotated[
        list[NewColumn],
        msgspec.Meta(
            min_length=1,
            max_length=10_000,
            examples=[[{"name": "id", "type": "int64"}, {"name": "amount", "type": "decimal(10,2)"}]],
        ),
    ]
    keys: Annotated[list[str], msgspec.Meta(examples=[["id"]])] = msgspec.field(default_factory=list)
    sequence: Annotated[
        str | None, msgspec.Meta(description="The column that decides which of two rows with the same key is newer.")
    ] = None
    comment: Comment = ""
    partition_by: PartitionBy = msgspec.field(default_factory=list)
    sort_by: SortBy = msgspec.field(default_factory=list)


class TableEdit(Body):
    """A new name or a new comment. Give exactly one of them."""

    name: Annotated[str | None, msgspec.Meta(examples=["orders_2026"])] = None
    comment: Comment | None = None


@get(TABLES, tags=_TAGS, summary="List tables", responses=problems(), sync_to_thread=True)
def list_tables(
    container: InjectedContainer, namespace: InjectedNamespace, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[TableInfo]:
    """Return the tables that the caller sees, by name. All are read as of one moment."""
    listing = f"tables of {name_key(namespace.supertable)}"
    found = container.tables().all(namespace, Permission.META)
    page = paginate(listing, found, lambda table: name_key(table.name), limit, cursor)
    return Page([TableInfo.of(table) for table in page.items], page.next_cursor)


@post(
    TABLES,
    tags=_TAGS,
    summary="Create a table",
    responses=change_problems(),
    response_headers=[ETAG_HEADER, LOCATION_HEADER],
    sync_to_thread=True,
)
def create_table(
    container: InjectedContainer, namespace: InjectedNamespace, data: JSONBody[NewTable]
) -> Response[TableDescription]:
    """Create an empty table at version 1 and return it with 201. Returns 409 if the name is in use."""
    columns = arrow_columns(data.columns)
    created = container.create_table()(
        namespace,
        data.name,
        columns,
        data.keys,
        data.sequence,
        data.comment,
        partition_by=data.partition_by,
        sort_by=data.sort_by,
    )
    return created_response(namespace, created)


@get(
    TABLE,
    tags=_TAGS,
    summary="Describe a table",
    responses=problems(404),
    response_headers=[ETAG_HEADER],
    sync_to_thread=True,
)
def describe_table(
    container: InjectedContainer, namespace: InjectedNamespace, table: FromPath[str]
) -> Response[TableDescription]:
    """Return a table at its newest version: the columns, keys, versions and tags that the caller may see."""
    return table_response(container.tables().open(namespace, table, Permission.META))


@patch(
    TABLE,
    tags=_TAGS,
    summary="Rename or comment a table",
    responses=change_problems(404, 412),
    response_headers=[ETAG_HEADER],
    sync_to_thread=True,
)
def edit_table(
    container: InjectedContainer,
    namespace: InjectedNamespace,
    table: FromPath[str],
    data: JSONBody[TableEdit],
    if_match: IfMatch = None,
) -> Response[TableDescription]:
    """Rename a table, or change its comment, and return the table.

    Versions, files and tags do not change, and concurrent writes continue.
    """
    if (data.name is None) == (data.comment is None):
        raise InvalidInput("Give either a new name or a new comment, not both. Nothing was changed.")
    tables = container.tables()
    read = matched_table(tables, namespace, table, if_match, table_etag)
    if data.name is not None:
        container.rename_table()(namespace, table, data.name, read)
    if data.comment is not None:
        container.comment_table()(namespace, table, data.comment, read)
    return table_response(tables.open(namespace, data.name or table, Permission.META))


@delete(TABLE, tags=_TAGS, summary="Drop a table", responses=problems(404, 412, 409, 504), sync_to_thread=True)
def drop_table(
    container: InjectedContainer, namespace: InjectedNamespace, table: FromPath[str], if_match: IfMatch = None
) -> None:
    """Drop a table. Its name is available at once.

    The table can be restored at `…/undrops` until a vacuum removes it.
    """
    container.drop_table()(namespace, table, matched_table(container.tables(), namespace, table, if_match, table_etag))


HANDLERS = (list_tables, create_table, describe_table, edit_table, drop_table)
