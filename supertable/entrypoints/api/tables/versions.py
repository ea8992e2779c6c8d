"""`…/versions`, `…/restores` and `…/tombstones`: what became of a table, and going back."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, HeaderParameter, JSONBody

from supertable.application.commits.write_result import WriteResult
from supertable.application.tables.history import HistoryEntry
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.tombstones import TombstoneInfo, tombstones
from supertable.domain.access.roles import Permission
from supertable.entrypoints.api.openapi.problem_responses import change_problems, problems
from supertable.entrypoints.api.openapi.response_headers import LOCATION_HEADER
from supertable.entrypoints.api.pagination import DEFAULT_LIMIT, Cursor, Limit, Page
from supertable.entrypoints.api.tables.columns import Column
from supertable.entrypoints.api.tables.table_descriptions import table_address
from supertable.entrypoints.api.tables.tables import TABLE
from supertable.entrypoints.sdk.commit_infos import commit_info
from supertable.entrypoints.web.observability import metrics
from supertable.entrypoints.web.requests.cursors import decode_cursor, encode_cursor
from supertable.entrypoints.web.requests.json_bodies import Body
from supertable.entrypoints.web.service.dependencies import InjectedContainer, InjectedNamespace

_TAGS = ["versions"]
_MOST_LOOKED_AT = 1000

IdempotencyKey = Annotated[
    str | None,
    HeaderParameter(
        name="Idempotency-Key", max_length=255, description="A repeated request with it gets the first one's result."
    ),
]


class VersionDescription(msgspec.Struct, frozen=True):
    """What one commit did, and the columns after it. Callers who see only a part are not told what it did to rows."""

    version: int
    committed_at: datetime
    operation: str
    rows_inserted: int | None
    rows_updated: int | None
    rows_deleted: int | None
    files_added: int | None
    files_removed: int | None
    bytes_added: int | None
    properties: dict[str, str]
    idempotency_key: str | None
    predicate: str | None
    reason: str
    restored: int | None
    description: str
    columns: list[Column]


class NewRestore(Body):
    """`version`: a number, or a tag. `properties` are kept in the history."""

    version: Annotated[int | str, msgspec.Meta(examples=[3, "before_import"])]
    properties: dict[str, str] = msgspec.field(default_factory=dict)


@get(TABLE + "/versions", tags=_TAGS, summary="List versions", responses=problems(404), sync_to_thread=True)
def list_versions(
    container: InjectedContainer,
    namespace: InjectedNamespace,
    table: FromPath[str],
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[HistoryEntry]:
    """The commits, newest first. What they did to rows is for callers who may read the whole table."""
    newest = decode_cursor("versions", cursor, int)
    found = container.table_history()(namespace, table, limit, newest)
    return Page(found, _older("versions", found[-1].version if found else 1))


@get(
    TABLE + "/versions/{version:int}",
    tags=_TAGS,
    summary="Describe a version",
    responses=problems(404),
    sync_to_thread=True,
)
def describe_version(
    container: InjectedContainer, namespace: InjectedNamespace, table: FromPath[str], version: FromPath[int]
) -> VersionDescription:
    """What the commit did, as far as the caller may know, and the columns after it."""
    tables = container.tables()
    then = tables.at_version(tables.open(namespace, table, Permission.META), version)
    (entry,) = container.table_history()(namespace, table, 1, version)
    return VersionDescription(**asdict(entry), columns=[Column.of(field) for field in then.schema.fields])


@post(
    TABLE + "/restores",
    tags=_TAGS,
    summary="Restore a version",
    responses=change_problems(404),
    response_headers=[LOCATION_HEADER],
    sync_to_thread=True,
)
def restore_version(
    container: InjectedContainer,
    namespace: InjectedNamespace,
    table: FromPath[str],
    data: JSONBody[NewRestore],
    idempotency_key: IdempotencyKey = None,
) -> Response[WriteResult]:
    """A new version with the rows and columns of an older one. Nothing in between is lost."""
    info = commit_info(idempotency_key, data.properties)
    return made_version(namespace, container.restore_version()(namespace, table, data.version, info))


@get(TABLE + "/tombstones", tags=_TAGS, summary="List soft deletes", responses=problems(404), sync_to_thread=True)
def list_tombstones(
    container: InjectedContainer,
    namespace: InjectedNamespace,
    table: FromPath[str],
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[TombstoneInfo]:
    """Who deleted what, when and why, newest first; the version before each has the rows.

    A page may have fewer entries than `limit`, even none, and still not be the last.
    """
    tables = container.tables()
    opened = tables.open(namespace, table, Permission.READ)
    newest = decode_cursor("tombstones", cursor, int) or opened.snapshot.version
    found = tombstones(tables, opened, limit, newest, _MOST_LOOKED_AT)
    last = found[-1].version if len(found) == limit else newest - _MOST_LOOKED_AT + 1
    return Page(found, _older("tombstones", last))


def made_version(namespace: Namespace, result: WriteResult) -> Response[WriteResult]:
    """201, and where the version is described."""
    metrics.WRITES.inc()
    address = f"{table_address(namespace, result.table)}/versions/{result.version}"
    return Response(result, status_code=201, headers={"Location": address})


def _older(listing: str, version: int) -> str | None:
    """The cursor for what came before a version."""
    return encode_cursor(listing, version - 1) if version > 1 else None


HANDLERS = (list_versions, describe_version, restore_version, list_tombstones)
