"""`…/tags`: names for versions. A vacuum keeps tagged versions."""

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
    """A name for a version."""

    name: str
    version: int


class TagTarget(Body):
    """The version to tag."""

    version: Annotated[
        int | str | None,
        msgspec.Meta(description="A version number, another tag, or null: the newest version.", examples=[3]),
    ] = None


@get(TABLE + "/tags", tags=_TAGS, summary="List tags", responses=problems(404), sync_to_thread=True)
def list_tags(
    container: InjectedContainer,
    namespace: InjectedNamespace,
    table: FromPath[str],
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[Tag]:
    """Return the tags of a table, by name."""
    opened = container.tables().open(namespace, table, Permission.META)
    found = [Tag(name, version) for name, version in opened.entry.tags.items()]
    return paginate(f"tags of {opened.entry.table_id}", found, lambda tag: name_key(tag.name), limit, cursor)


@get(
    TABLE + "/tags/{tag:str}",
    tags=_TAGS,
    summary="Describe a tag",
    responses=problems(404),
    response_headers=[ETAG_HEADER],
    sync_to_thread=True,
)
def describe_tag(
    container: InjectedContainer, namespace: InjectedNamespace, table: FromPath[str], tag: FromPath[str]
) -> Response[Tag]:
    """Return a tag with its version."""
    opened = container.tables().open(namespace, table, Permission.META)
    found = _find_tag(opened, tag)
    if found is None:
        raise no_such_tag(opened.entry, tag)
    return _response(found, 200)


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
    """Tag a version, or move an existing tag to it.

    Returns 201 if the tag is new, and 200 if it existed.
    """
    before = _find_tag(container.tables().open(namespace, table, Permission.META), tag)
    moved_from = matched_version(if_match, f"Tag {tag}")
    version = container.tag_version()(namespace, table, tag, data.version, replace=True, moved_from=moved_from)
    return _response(Tag(tag, version), 200 if before else 201)


@delete(
    TABLE + "/tags/{tag:str}",
    tags=_TAGS,
    summary="Remove a tag",
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
    """Remove a tag. Its version is then kept only as long as untagged versions are."""
    container.untag_version()(namespace, table, tag, matched_version(if_match, f"Tag {tag}"))


def _find_tag(table: OpenTable, tag: str) -> Tag | None:
    name = table.entry.tag_named(tag)
    return None if name is None else Tag(name, table.entry.tags[name])


def _response(tag: Tag, status: int) -> Response[Tag]:
    return Response(tag, status_code=status, headers={"ETag": version_etag(tag.version)})


HANDLERS = (list_tags, describe_tag, put_tag, delete_tag)
