"""`/supertables`: the lakes of the organization. They come into being with their first table."""

from __future__ import annotations

from litestar import get

from supertable.application.tables.supertables import SupertableInfo
from supertable.entrypoints.api.openapi.problem_responses import problems
from supertable.entrypoints.api.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, paginate
from supertable.entrypoints.web.service.dependencies import InjectedContainer, InjectedNamespace, InjectedSession

_TAGS = ["supertables"]


@get("/supertables", tags=_TAGS, summary="List supertables", responses=problems(), sync_to_thread=True)
def list_supertables(
    container: InjectedContainer, session: InjectedSession, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[SupertableInfo]:
    """Those in which the caller may know of a table; roles that may control see the empty ones too."""
    found = container.list_supertables()(session)
    return paginate("supertables", found, lambda info: info.name, limit, cursor)


@get(
    "/supertables/{supertable:str}", tags=_TAGS, summary="One supertable", responses=problems(404), sync_to_thread=True
)
def describe_supertable(container: InjectedContainer, namespace: InjectedNamespace) -> SupertableInfo:
    """By name, whatever its case. One in which the caller may know of no table is not there."""
    return container.list_supertables().one(namespace)


HANDLERS = (list_supertables, describe_supertable)
