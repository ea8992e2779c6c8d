"""`…/views`: lists views. SQL creates and drops them."""

from __future__ import annotations

from litestar import get

from supertable.application.tables.table_info import ViewInfo
from supertable.domain.names import name_key
from supertable.entrypoints.api.openapi.problem_responses import problems
from supertable.entrypoints.api.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, paginate
from supertable.entrypoints.web.service.dependencies import InjectedContainer, InjectedNamespace


@get(
    "/supertables/{supertable:str}/views",
    tags=["tables"],
    summary="List views",
    responses=problems(),
    sync_to_thread=True,
)
def list_views(
    container: InjectedContainer, namespace: InjectedNamespace, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[ViewInfo]:
    """Return the views that the caller sees, by name.

    `definition` is the query of a view; null for roles that do not reach all tables.
    """
    found = container.list_views()(namespace)
    page = paginate(
        f"views of {name_key(namespace.supertable)}", found, lambda view: name_key(view.name), limit, cursor
    )
    return Page(page.items, page.next_cursor)


HANDLERS = (list_views,)
