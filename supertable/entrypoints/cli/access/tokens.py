"""`tokens`: access tokens to sign in with."""

from __future__ import annotations

from typing import Annotated

import typer

from supertable.entrypoints.cli.terminal.durations import parse_seconds
from supertable.entrypoints.cli.terminal.output.console import console, table, write_json
from supertable.entrypoints.cli.terminal.output.formatting import format_value
from supertable.entrypoints.cli.terminal.session import Session

tokens = typer.Typer(name="tokens", no_args_is_help=True)


@tokens.callback()
def about() -> None:
    """Manage access tokens.

    Manages your own tokens, and with a role of type superadmin those of all
    users.
    """


@tokens.command("list")
def list_tokens(
    context: typer.Context,
    user: Annotated[
        str | None,
        typer.Option(metavar="USER", help="Show only tokens of this user.", show_default="all tokens you may see"),
    ] = None,
) -> None:
    """List the tokens, newest first. Their secrets are not stored and cannot be shown."""
    session = Session.of(context)
    with session.connect() as lake:
        found = lake.tokens.list(user)
    if session.as_json:
        write_json(found)
    elif not found:
        console().print("No tokens yet. Create one with `supertable tokens create NAME`.")
    else:
        rows = [
            (
                info.id,
                info.name,
                info.user or info.user_hash,
                info.role or "any",
                info.created_at,
                info.expires_at or "never",
                info.used_at or "never",
            )
            for info in found
        ]
        console().print(table(["id", "token", "user", "role", "created", "expires", "last used"], rows))


@tokens.command()
def create(
    context: typer.Context,
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="Name for the token, such as the device or program that uses it.", show_default=False
        ),
    ],
    user: Annotated[
        str | None, typer.Option(metavar="USER", help="User of the token, by name or hash.", show_default="you")
    ] = None,
    only_role: Annotated[
        str | None,
        typer.Option(
            metavar="ROLE", help="The only role the token can act under.", show_default="any of the user's roles"
        ),
    ] = None,
    expires: Annotated[
        str, typer.Option(metavar="TIME", help="Time until it expires, such as 90d or 12h, or never.")
    ] = "90d",
) -> None:
    """Create a token. Its secret is shown only once.

    Store the secret safely: a program that has it can act as the user.

    Example: supertable tokens create laptop --user ann@example.com --expires 30d
    """
    session = Session.of(context)
    lifetime = None if expires == "never" else parse_seconds(expires)
    with session.connect() as lake:
        created = lake.tokens.create(name, user, role=only_role, expires_in=lifetime)
    if session.as_json:
        write_json({"token": created.secret, "info": created.info})
        return
    info = created.info
    expiry = f"expires {format_value(info.expires_at)}" if info.expires_at else "never expires"
    console().print(f"Token {info.name} of {info.user or info.user_hash}, {expiry}. This secret is not shown again:")
    console().print(created.secret)


@tokens.command()
def revoke(
    context: typer.Context,
    token: Annotated[
        str, typer.Argument(metavar="ID", help="Token id, as `supertable tokens list` shows it.", show_default=False)
    ],
) -> None:
    """Revoke a token. It is refused from now on."""
    session = Session.of(context)
    with session.connect() as lake:
        lake.tokens.revoke(token)
    if session.as_json:
        write_json({"revoked": token})
    else:
        console().print(f"Revoked token {token}.")
