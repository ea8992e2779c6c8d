"""`users`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from supertable.entrypoints.cli.terminal.confirming import confirm
from supertable.entrypoints.cli.terminal.pairs import pairs
from supertable.entrypoints.cli.terminal.screen import console, properties, table, write_json
from supertable.entrypoints.cli.terminal.session import Session

if TYPE_CHECKING:
    from supertable.application.access_control.manage_users import UserInfo

users = typer.Typer(help="Look after users.", no_args_is_help=True)

UserName = Annotated[str, typer.Argument(metavar="USER", help="A user's name or hash.", show_default=False)]
RolesOption = Annotated[
    str | None,
    typer.Option("--roles", metavar="ROLE,…", help="Roles, the default one first.", show_default=False),
]
AttributesOption = Annotated[
    list[str] | None,
    typer.Option("--attribute", metavar="NAME=VALUE", help="What row filters may ask for. Repeatable."),
]


@users.callback()
def about() -> None:
    """Look after users. All of it needs a role of type superadmin."""


@users.command("list")
def list_users(context: typer.Context) -> None:
    """List the users."""
    session = Session.of(context)
    with session.connect() as lake:
        found = lake.users.list()
    if session.as_json:
        write_json(found)
    elif not found:
        console().print("There are no users yet. `supertable users create NAME --roles ROLE` makes one.")
    else:
        _listed(found)


@users.command()
def show(context: typer.Context, name: UserName) -> None:
    """Show a user."""
    session = Session.of(context)
    with session.connect() as lake:
        info = lake.users.get(name)
    _written(session, info)


@users.command()
def create(
    context: typer.Context, name: UserName, roles: RolesOption = None, attributes: AttributesOption = None
) -> None:
    """Make a user. `supertable tokens create NAME --user USER` lets them sign in."""
    session = Session.of(context)
    with session.connect() as lake:
        info = lake.users.create(name, _names(roles), attributes=pairs(attributes or (), "--attribute"))
    _written(session, info)


@users.command()
def alter(
    context: typer.Context,
    name: UserName,
    new_name: Annotated[
        str | None, typer.Option("--name", metavar="NEW", help="Another name; the hash stays.", show_default=False)
    ] = None,
    roles: RolesOption = None,
    attributes: AttributesOption = None,
    enabled: Annotated[
        bool | None, typer.Option("--enable/--disable", help="Whether they may sign in.", show_default=False)
    ] = None,
) -> None:
    """Change a user. What is given takes the place of what was there."""
    session = Session.of(context)
    known = None if attributes is None else pairs(attributes, "--attribute")
    held = None if roles is None else _names(roles)
    with session.connect() as lake:
        info = lake.users.alter(name, name=new_name, roles=held, attributes=known, enabled=enabled)
    _written(session, info)


@users.command()
def drop(
    context: typer.Context,
    name: UserName,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Drop a user, and revoke their tokens."""
    session = Session.of(context)
    with session.connect() as lake:
        found = lake.users.get(name)
        confirm(f"Drop the user {found.name}, and revoke their tokens?", yes)
        lake.users.drop(found.hash)
    if session.as_json:
        write_json({"dropped": found.name, "hash": found.hash})
    else:
        console().print(f"Dropped the user {found.name}.")


def _names(roles: str | None) -> list[str]:
    return [name.strip() for name in (roles or "").split(",") if name.strip()]


def _written(session: Session, info: UserInfo) -> None:
    if session.as_json:
        write_json(info)
    else:
        _listed([info])


def _listed(found: list[UserInfo]) -> None:
    rows = [(info.name, info.hash, info.roles, properties(info.attributes), info.enabled) for info in found]
    console().print(table(["user", "hash", "roles", "attributes", "enabled"], rows))
