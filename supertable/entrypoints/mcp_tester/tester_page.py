"""`/`: the page itself. Its scripts ask for the tools and call them."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER

from supertable.config.settings.settings import Settings
from supertable.domain.errors import AccessDenied, NotSignedIn
from supertable.entrypoints.mcp_tester.mcp_client import server_address
from supertable.entrypoints.mcp_tester.visitors import Visitors
from supertable.entrypoints.web.pages.templates import Pages
from supertable.entrypoints.web.service.dependencies import container_of


@get("/", include_in_schema=False)
async def tester(request: Request[Any, Any, State]) -> Response[Any]:
    visitors: Visitors = request.app.state["visitors"]
    pages: Pages = request.app.state["pages"]
    try:
        session, caller = await visitors.caller(request)
    except (NotSignedIn, AccessDenied):
        return Redirect("/login", status_code=HTTP_303_SEE_OTHER)
    settings: Settings = container_of(request.scope).settings()
    values = {
        "csrf_token": session.csrf,
        "organization": caller.organization,
        "owner": f"{caller.organization}/{caller.user}",
        "user": caller.name,
        "role": caller.role,
        "address": server_address(settings),
        "defaults": _defaults(settings),
    }
    return pages.page("tester.html", values)


def _defaults(settings: Settings) -> dict[str, str]:
    """By the name of an argument, what its field begins with."""
    given = {
        "organization": settings.test_organization,
        "super_name": settings.test_super,
        "user_hash": settings.test_user_hash.strip(),
        "sql": settings.test_query,
    }
    return {name: value for name, value in given.items() if value}
