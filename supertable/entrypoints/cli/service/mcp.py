"""`serve mcp`: the MCP server, over the transport that is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from supertable.domain.errors import MissingExtra
from supertable.entrypoints.cli.service.first_token import show_first_token
from supertable.entrypoints.cli.terminal.session import Session

if TYPE_CHECKING:
    from supertable.config.settings.settings import Settings


def mcp(
    context: typer.Context,
    transport: Annotated[
        str | None,
        typer.Option(help="stdio or streamable-http.", show_default="SUPERTABLE_MCP_TRANSPORT, or stdio"),
    ] = None,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on.", show_default="SUPERTABLE_MCP_HTTP_HOST, or 127.0.0.1")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65_535, help="Port to listen on.", show_default="SUPERTABLE_MCP_HTTP_PORT, or 8099"),
    ] = None,
) -> None:
    """Run the MCP server, for AI assistants: over stdio, or at http://127.0.0.1:8099/mcp."""
    from supertable.config.settings.settings import load_settings

    session = Session.of(context)
    settings = load_settings(
        home=session.home,
        organization=session.organization,
        supertable_token=session.token,
        mcp_transport=transport,
        mcp_http_host=host,
        mcp_http_port=port,
    )
    try:
        _serve(settings, session.role)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("supertable"):
            raise
        raise MissingExtra("The MCP server", "server,mcp") from None


def mcp_address(settings: Settings) -> str:
    """Where clients find it over HTTP."""
    return f"http://{settings.mcp_http_host}:{settings.mcp_http_port}{settings.mcp_http_path}"


def _serve(settings: Settings, role: str | None) -> None:
    from supertable.entrypoints.mcp.server import serve_mcp

    if settings.mcp_transport != "stdio":
        import litestar  # noqa: F401 - the worker would find that it is missing, again and again

        show_first_token(settings, f"{mcp_address(settings)}; clients send it as a bearer token")
    serve_mcp(settings, role)
