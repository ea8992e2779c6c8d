"""The MCP tester as an application."""

from __future__ import annotations

from collections.abc import Sequence

from litestar import Litestar

from supertable.config.container import Container
from supertable.config.settings.settings import Settings
from supertable.entrypoints.mcp_tester import calls, sign_in, tester_page
from supertable.entrypoints.mcp_tester.visitors import Visitors
from supertable.entrypoints.web.app import create_service
from supertable.entrypoints.web.pages.static_files import static_files
from supertable.entrypoints.web.pages.templates import Pages
from supertable.entrypoints.web.security.page_sessions import PageSessions, with_session_secret
from supertable.entrypoints.web.service.lifespans import Lifespan

_PACKAGE = "supertable.entrypoints.mcp_tester"


def create_app(container: Container, lifespan: Sequence[Lifespan] = ()) -> Litestar:
    """The tester over the sign-in of `container`, which the caller closes. It reads no data itself."""
    settings: Settings = with_session_secret(container.settings())
    handlers = [static_files(_PACKAGE), *sign_in.HANDLERS, tester_page.tester, *calls.HANDLERS]
    app = create_service("mcp-tester", container, handlers, lifespan, openapi_config=None)
    assert settings.session_secret is not None
    sessions = PageSessions(settings.session_secret.get_secret_value(), settings.secure_cookies)
    app.state["visitors"] = Visitors(container, sessions)
    app.state["pages"] = Pages(_PACKAGE)
    return app
