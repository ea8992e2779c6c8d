"""The OpenAPI description at `/api/v1/openapi.json`, and the page at `/api/v1/docs`. Both work without the internet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from litestar import Request, Router, get
from litestar.datastructures import CacheControlHeader, State
from litestar.enums import OpenAPIMediaType
from litestar.openapi import OpenAPIConfig, spec
from litestar.openapi.plugins import OpenAPIRenderPlugin
from litestar.response import Redirect
from litestar.static_files import create_static_files_router

from supertable.domain.version import VERSION
from supertable.entrypoints.api.openapi.document import openapi_document, operation_id

_PAGE = Path(__file__).parent / "docs_page"
_PATH = "/api/v1/docs"
_POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'"
_SCHEME = "token"
_ABOUT = """\
Versioned tables of Parquet files, with SQL and time travel.

**Authentication.** Send a token with each request: `Authorization: Bearer …`. If the user has several roles,
`X-Supertable-Role` selects one; without it, the user's default role applies.

**Errors** are problem documents (RFC 9457). Their `type` is stable; `GET /problems` lists all types.

**Lists** come in pages. `limit` sets the size of a page. The response has `items` and `next_cursor`; send the latter
as `cursor` to get the next page.
"""


class _Page(OpenAPIRenderPlugin):
    """Renders the same page for any description; the page's script loads the description."""

    def render(self, request: Request[Any, Any, State], openapi_schema: dict[str, Any]) -> bytes:  # noqa: ARG002
        return (_PAGE / "index.html").read_bytes()


CONFIG = OpenAPIConfig(
    title="SuperTable",
    version=VERSION,
    description=_ABOUT,
    license=spec.License(name="Apache-2.0", identifier="Apache-2.0"),
    use_handler_docstrings=True,
    operation_id_creator=operation_id,
    security=[{_SCHEME: []}],
    components=spec.Components(
        security_schemes={
            _SCHEME: spec.SecurityScheme(
                type="http",
                scheme="bearer",
                description="A SuperTable token, or a JWT of a trusted issuer.",
            )
        }
    ),
    path=_PATH,
    openapi_router=Router(
        _PATH, route_handlers=[], include_in_schema=False, response_headers={"Content-Security-Policy": _POLICY}
    ),
    render_plugins=[_Page(path="/")],
)
_ASSETS = create_static_files_router(
    f"{_PATH}/assets",
    [_PAGE / "assets"],
    name="docs",
    cache_control=CacheControlHeader(max_age=3_600, public=True),
)


@get("/", include_in_schema=False, sync_to_thread=False)
def open_documentation() -> Redirect:
    return Redirect(_PATH)


@get("/api/v1/openapi.json", media_type=OpenAPIMediaType.OPENAPI_JSON, include_in_schema=False, sync_to_thread=True)
def openapi_json(request: Request[Any, Any, State]) -> bytes:
    return OpenAPIRenderPlugin.render_json(request, openapi_document(request.app))


HANDLERS = (open_documentation, openapi_json, _ASSETS)
