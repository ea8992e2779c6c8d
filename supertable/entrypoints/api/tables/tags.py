"""`…/tags`: names for versions, which keep them from being vacuumed."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Response, delete, get, put
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody

from supertable.application.tables.open_table import OpenTable
from supertable.domain.access.roles import Permission
from supertable.domain.names import name_key
from supertable.domain.table.registry import no_such_tag
from supertable.entrypoints.api.openapi.problem_responses import change_problems, problems
from supertable.entrypoints.api.openapi.response_headers import ETAG_HEADER
from supertable.entrypoints.api.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, paginate
from supertable.entrypoints.api.tables.tables import TABLE
from supertable.entrypoints.web.requests.etags import IfMatch, matched_version, version_etag
from supertable.entrypoints.web.requests.json_bodies import Body
from supertable.entrypoints.web.service.dependencies import InjectedContainer, InjectedNamespace

_TAGS = ["tags"]


class Tag(msgspec.Struct, frozen=True):
    name: str
    version: int


class TagTarget(Body):
    version: Annotated[
        int | str | None, msgspec.Meta(description="A number, another tag, or null: the newest.", examples=[3])
    ] = None


@get(TABLE + "/tags", tags=_TAGS, summary="List tags", responses=problems(404), sync_to_thread=True)
def list_tags(
    container: InjectedContainer,
    namespace: InjectedNamespace,
    table: FromPath[str],
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[Tag]:
    """The versions that have a name, by name."""
    opened = container.tables().open(namespace, table, Permission.META)
    found = [Tag(name, version) for name, version in opened.entry.tags.items()]
    return paginate(f"tags of {opened.entry.table_id}", found, lambda tag: name_key(tag.name), limit, cursor)


@get(
    TABLE + "/tags/{tag:str}",
    tags=_TAGS,
    summary="One tag",
    responses=problems(404),
    response_headers=[ETAG_HEADER],
    sync_to_thread=True,
)
def describe_tag(
    container: InjectedContainer, namespace: InjectedNamespace, table: FromPath[str], tag: FromPath[str]
) -> Response[Tag]:
    """Which version it names."""
    opened = container.tables().open(namespace, table, Permission.META)
    found = _found(opened, tag)
    if found is None:
        raise no_such_tag(opened.entry, tag)
    return _answer(found, 200)


@put(
    TABLE + "/tags/{tag:str}",
    tags=_TAGS,
    summary="Tag a version",
    responses={**change_problems(404, 412), 201: ResponseSpec(Tag, description="The tag is new.")},
    response_headers=[ETAG_HEADER],
    sync_to_thread=True,
)
def put_tag(
    container: InjectedContainer,
    namespace: InjectedNamespace,
    table: FromPath[str],
    tag: FromPath[str],
    data: JSONBody[TagTarget],
    if_match: IfMatch = None,
) -> Response[Tag]:
    """Gives the tag to a version, also if another one has it now. 201 where it is new."""
    before = _found(container.tables().open(namespace, table, Permission.META), tag)
    moved_from = matched_version(if_match, f"Tag {tag}")
    version = container.tag_version()(namespace, table, tag, data.version, replace=True, moved_from=moved_from)
    return _answer(Tag(tag, version), 200 if before else 201)


@delete(
    TABLE + "/tags/{tag:str}",
    tags=_TAGS,
    summary="Take a tag away",
    responses=problems(404, 412, 409, 504),
    sync_to_thread=True,
)
def delete_tag(
    container: InjectedContainer,
    namespace: InjectedNamespace,
    table: FromPath[str],
    tag: FromPath[str],
    if_match: IfMatch = None,
) -> None:
    """Its version stays for as long as the others do."""
    container.untag_version()(namespace, table, tag, matched_version(if_match, f"Tag {tag}"))


def _found(table: OpenTable, tag: str) -> Tag | None:
    name = table.entry.tag_named(tag)
    return None if name is None else Tag(name, table.entry.tags[name])


def _answer(tag: Tag, status: int) -> Response[Tag]:
    return Response(tag, status_code=status, headers={"ETag": version_etag(tag.version)})


HANDLERS = (list_tags, describe_tag, put_tag, delete_tag)
