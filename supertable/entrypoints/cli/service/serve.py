"""`serve`: the network services."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from supertable.domain.errors import MissingExtra
from supertable.entrypoints.cli.service.first_token import show_first_token
from supertable.entrypoints.cli.service.mcp import mcp
from supertable.entrypoints.cli.terminal.session import Session

serve = typer.Typer(name="serve", invoke_without_command=True)
serve.command()(mcp)


@serve.callback()
def all_services(context: typer.Context) -> None:
    """Run services until SIGTERM or Ctrl-C.

    Without a command, all services run, each in a process of its own, with one log and one end.
    """
    if context.invoked_subcommand is None:
        with _server_extra("A service"):
            from supertable.entrypoints.cli.service.all_services import serve_all
        raise typer.Exit(serve_all(Session.of(context)))


@serve.command()
def api(
    context: typer.Context,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on.", show_default="SUPERTABLE_API_HOST, or 127.0.0.1")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65_535, help="Port to listen on.", show_default="SUPERTABLE_API_PORT, or 8051"),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, max=256, help="Number of worker processes.", show_default="SUPERTABLE_API_WORKERS, or 1"),
    ] = None,
) -> None:
    """Run the REST API. Its documentation is at /api/v1/docs."""
    from supertable.config.settings.settings import load_settings

    session = Session.of(context)
    settings = load_settings(
        home=session.home, organization=session.organization, api_host=host, api_port=port, api_workers=workers
    )
    with _server_extra("The API"):
        from supertable.entrypoints.api.server import serve_api
    show_first_token(settings, f"http://{settings.api_host}:{settings.api_port}/; `Authorize` takes the token")
    serve_api(settings)


@serve.command()
def odata(
    context: typer.Context,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on.", show_default="SUPERTABLE_ODATA_HOST, or 127.0.0.1")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65_535, help="Port to listen on.", show_default="SUPERTABLE_ODATA_PORT, or 8052"),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, max=256, help="Number of worker processes.", show_default="SUPERTABLE_ODATA_WORKERS, or 1"),
    ] = None,
) -> None:
    """Run OData, for Power BI, Excel, Tableau and others, at /odata."""
    from supertable.config.settings.settings import load_settings

    session = Session.of(context)
    settings = load_settings(
        home=session.home, organization=session.organization, odata_host=host, odata_port=port, odata_workers=workers
    )
    with _server_extra("OData"):
        from supertable.entrypoints.odata.server import serve_odata
    show_first_token(settings, f"http://{settings.odata_host}:{settings.odata_port}/odata/; the token is the password")
    serve_odata(settings)


@serve.command()
def mcp_tester(
    context: typer.Context,
    host: Annotated[
        str | None,
        typer.Option(help="Address to listen on.", show_default="SUPERTABLE_MCP_TESTER_HOST, or 127.0.0.1"),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65_535, help="Port to listen on.", show_default="SUPERTABLE_MCP_TESTER_PORT, or 8070"),
    ] = None,
) -> None:
    """Run the page on which people try the tools of the MCP server. It calls the one at SUPERTABLE_MCP_TESTER_URL."""
    from supertable.config.settings.settings import load_settings

    session = Session.of(context)
    settings = load_settings(
        home=session.home, organization=session.organization, mcp_tester_host=host, mcp_tester_port=port
    )
    with _server_extra("The MCP tester"):
        from supertable.entrypoints.mcp_tester.server import serve_mcp_tester
    show_first_token(settings, f"http://{settings.mcp_tester_host}:{settings.mcp_tester_port}/; sign in with the token")
    serve_mcp_tester(settings)


@contextmanager
def _server_extra(what: str) -> Iterator[None]:
    """Raises `MissingExtra` if an import in the block lacks a package."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("supertable"):
            raise
        raise MissingExtra(what, "server") from None
