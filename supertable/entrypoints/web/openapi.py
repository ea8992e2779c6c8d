"""The description of the API, and a page that shows it; both work without the internet."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from litestar import Request, Router, get
from litestar.datastructures import CacheControlHeader, State
from litestar.enums import OpenAPIMediaType
from litestar.openapi import OpenAPIConfig, spec
from litestar.openapi.plugins import OpenAPIRenderPlugin
from litestar.static_files import create_static_files_router

import supertable
from supertable.entrypoints.web.media_types import MEDIA_TYPES
from supertable.entrypoints.web.row_bodies import FORMATS

_PAGE = Path(__file__).parent / "docs_page"
_PATH = "/api/v1/docs"
_POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'"
_SCHEME = "token"
_ABOUT = """\
Versioned tables of Parquet files, with SQL and time travel.

Send a token with each request: `Authorization: Bearer …`. Whoever has several roles may name one in
`X-Supertable-Role`. Errors are problem documents (RFC 9457) whose `type` is stable: `/problems` lists them.
Lists come in pages: `?limit=&cursor=` answers `items` and `next_cursor`.
"""


class _Page(OpenAPIRenderPlugin):
    """The page is the same for any description: its script loads that."""

    def render(self, request: Request[Any, Any, State], openapi_schema: dict[str, Any]) -> bytes:  # noqa: ARG002
        return (_PAGE / "index.html").read_bytes()


CONFIG = OpenAPIConfig(
    title="SuperTable",
    version=supertable.__version__,
    description=_ABOUT,
    license=spec.License(name="Apache-2.0", identifier="Apache-2.0"),
    use_handler_docstrings=True,
    security=[{_SCHEME: []}],
    components=spec.Components(
        security_schemes={
            _SCHEME: spec.SecurityScheme(
                type="http",
                scheme="bearer",
                description="A token of SuperTable, or a trusted issuer's JWT.",
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


@get("/api/v1/openapi.json", media_type=OpenAPIMediaType.OPENAPI_JSON, include_in_schema=False, sync_to_thread=True)
def openapi_json(request: Request[Any, Any, State]) -> bytes:
    return OpenAPIRenderPlugin.render_json(request, request.app.openapi_schema.to_schema())


@dataclass
class ResultOperation(spec.Operation):
    """An operation that answers with rows, in the format that `Accept` names. Give it as `operation_class`."""

    def __post_init__(self) -> None:
        done = (self.responses or {}).get("200")
        if isinstance(done, spec.OpenAPIResponse):
            schema = spec.Schema(description="The rows. As JSON: an object that has the columns, too.")
            done.content = {name: spec.OpenAPIMediaType(schema=schema) for name in MEDIA_TYPES}


@dataclass
class RowsOperation(spec.Operation):
    """An operation whose body is rows, in the format that `Content-Type` names. Give it as `operation_class`."""

    formats: ClassVar = tuple(FORMATS)

    def __post_init__(self) -> None:
        rows = spec.Schema(type=spec.OpenAPIType.ARRAY, items=spec.Schema(type=spec.OpenAPIType.OBJECT))
        as_json = spec.OpenAPIMediaType(schema=rows, example=[{"id": 1, "region": "north", "amount": "9.50"}])
        other = spec.OpenAPIMediaType(schema=spec.Schema())
        content = {name: as_json if name == "application/json" else other for name in self.formats}
        self.request_body = spec.RequestBody(content, "The rows.", required=True)


HANDLERS = (openapi_json, _ASSETS)
