"""`/supertables`: the lakes of the organization. The first table of a supertable creates it."""

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
    """Return the supertables in which the caller sees a table, by name.

    Roles with the permission `control` also see empty supertables.
    """
    found = container.list_supertables()(session)
    return paginate("supertables", found, lambda info: info.name, limit, cursor)


@get(
    "/supertables/{supertable:str}",
    tags=_TAGS,
    summary="Describe a supertable",
    responses=problems(404),
    sync_to_thread=True,
)
def describe_supertable(container: InjectedContainer, namespace: InjectedNamespace) -> SupertableInfo:
    """Return a supertable. Its name is case-insensitive.

    Returns 404 if it does not exist, or if the caller sees no table in it.
    """
    return container.list_supertables().one(namespace)


HANDLERS = (list_supertables, describe_supertable)
