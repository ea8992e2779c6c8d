"""`tokens`."""

from __future__ import annotations

from typing import Annotated

import typer

from supertable.entrypoints.cli.terminal.durations import parsed_seconds
from supertable.entrypoints.cli.terminal.screen import console, shown, table, write_json
from supertable.entrypoints.cli.terminal.session import Session

tokens = typer.Typer(help="Look after access tokens.", no_args_is_help=True)


@tokens.callback()
def about() -> None:
    """Look after access tokens: one's own, and with a role of type superadmin those of all users."""


@tokens.command("list")
def list_tokens(
    context: typer.Context,
    user: Annotated[str | None, typer.Option(help="Only the tokens of this user.", show_default=False)] = None,
) -> None:
    """List the tokens, the newest first. The tokens themselves are kept nowhere."""
    session = Session.of(context)
    with session.connect() as lake:
        found = lake.tokens.list(user)
    if session.as_json:
        write_json(found)
    elif not found:
        console().print("There are no tokens yet. `supertable tokens create NAME` makes one.")
    else:
        rows = [
            (
                info.id,
                info.name,
                info.user or info.user_hash,
                info.role or "any",
                info.created_at,
                info.expires_at or "never",
                info.used_at or "not yet",
            )
            for info in found
        ]
        console().print(table(["id", "token", "user", "role", "made", "expires", "used"], rows))


@tokens.command()
def create(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the token is for.", show_default=False)],
    user: Annotated[str | None, typer.Option(help="Whose it is: a name or hash.", show_default="oneself")] = None,
    only_role: Annotated[
        str | None, typer.Option(metavar="ROLE", help="The only role that it gives.", show_default="any of the user's")
    ] = None,
    expires: Annotated[str, typer.Option(metavar="SPAN", help="When it expires: 90d, 12h, never.")] = "90d",
) -> None:
    """Make a token. It is shown this once: whoever has it may do what it gives."""
    session = Session.of(context)
    lifetime = None if expires == "never" else parsed_seconds(expires)
    with session.connect() as lake:
        made = lake.tokens.create(name, user, role=only_role, expires_in=lifetime)
    if session.as_json:
        write_json({"token": made.secret, "info": made.info})
        return
    until = f"until {shown(made.info.expires_at)}" if made.info.expires_at else "without end"
    console().print(f"Token {made.info.name} of {made.info.user or made.info.user_hash}, {until}. Shown this once:")
    console().print(made.secret)


@tokens.command()
def revoke(
    context: typer.Context,
    token: Annotated[str, typer.Argument(metavar="ID", help="Its id, as `tokens list` shows it.", show_default=False)],
) -> None:
    """Revoke a token: it is refused from this moment on."""
    session = Session.of(context)
    with session.connect() as lake:
        lake.tokens.revoke(token)
    if session.as_json:
        write_json({"revoked": token})
    else:
        console().print(f"Revoked {token}.")
