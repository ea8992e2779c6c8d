"""The token that a new lake's first service prints, so that somebody can sign in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from supertable.config.settings.settings import Settings


def show_first_token(settings: Settings, address: str) -> None:
    """Make and print the token of the superuser where no user and no token exists. `address`: of the service."""
    from supertable.config.closing import close
    from supertable.config.container import Container

    container = Container(settings=settings)
    try:
        token = container.first_token()(settings.organization)
    finally:
        close(container)
    if token:
        typer.echo(
            f"No users or tokens exist yet. This first token of the superuser is not shown again:\n\n  {token}\n\n"
            f"The service is at {address}.\n"
        )
