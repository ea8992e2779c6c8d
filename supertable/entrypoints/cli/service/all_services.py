"""`supertable serve`: every service of this machine, each in a process of its own."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib.util import find_spec

import structlog
import typer

from supertable.config.settings.settings import Settings, load_settings
from supertable.entrypoints.cli.service.first_token import show_first_token
from supertable.entrypoints.cli.service.mcp import mcp_address
from supertable.entrypoints.cli.service.process_group import ProcessGroup
from supertable.entrypoints.cli.terminal.session import Session
from supertable.entrypoints.web.observability.json_logs import configure_logs
from supertable.entrypoints.web.service.supervision import RestartWaits

_ARGUMENTS = {"mcp": ("--transport", "streamable-http")}
_MARGIN_SECONDS = 10
"""A service ends its own processes within its shutdown time; only one that hangs is killed."""


def serve_all(session: Session) -> int:
    """Run until SIGTERM or SIGINT, or until a service cannot start. The exit code."""
    settings = load_settings(home=session.home, organization=session.organization)
    configure_logs(settings.log_level)
    services = _addresses(settings)
    show_first_token(settings, services["api"])
    width = max(map(len, services))
    typer.echo("\n".join(f"{name:<{width}}  {address}" for name, address in services.items()) + "\n")
    log = structlog.get_logger("supertable.serve")
    group = ProcessGroup(
        {name: [*_command(session), "serve", name, *_ARGUMENTS.get(name, ())] for name in services},
        RestartWaits().after,
        log.error,
        settings.shutdown_seconds + _MARGIN_SECONDS,
    )
    return group.run()


def _addresses(settings: Settings) -> Mapping[str, str]:
    """By the command of a service, where it is found."""
    return {
        "api": f"http://{settings.api_host}:{settings.api_port}/",
        "odata": f"http://{settings.odata_host}:{settings.odata_port}/odata/",
        **(_of_mcp(settings) if find_spec("mcp") else {}),
    }


def _of_mcp(settings: Settings) -> Mapping[str, str]:
    tester = f"http://{settings.mcp_tester_host}:{settings.mcp_tester_port}/"
    return {"mcp": mcp_address(settings), **({"mcp-tester": tester} if find_spec("jinja2") else {})}


def _command(session: Session) -> list[str]:
    """This program with the global options of the session."""
    options = {"--home": session.home, "--organization": session.organization}
    given = [part for name, value in options.items() if value is not None for part in (name, str(value))]
    return [sys.executable, "-m", "supertable.entrypoints.cli.main", *given]
