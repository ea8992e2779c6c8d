"""`users`: the people and programs that sign in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from supertable.entrypoints.cli.terminal.confirmation import confirm
from supertable.entrypoints.cli.terminal.name_value_pairs import parse_name_values
from supertable.entrypoints.cli.terminal.output.console import console, table, write_json
from supertable.entrypoints.cli.terminal.output.formatting import format_properties
from supertable.entrypoints.cli.terminal.session import Session

if TYPE_CHECKING:
    from supertable.application.access_control.manage_users import UserInfo

users = typer.Typer(name="users", no_args_is_help=True)

UserName = Annotated[str, typer.Argument(metavar="USER", help="User name or hash.", show_default=False)]
RolesOption = Annotated[
    str | None,
    typer.Option(
        "--roles",
        metavar="ROLE,…",
        help="Role names, separated by commas; the first is the default.",
        show_default=False,
    ),
]
AttributesOption = Annotated[
    list[str] | None,
    typer.Option("--attribute", metavar="NAME=VALUE", help="Attribute for use in row filters. Repeatable."),
]


@users.callback()
def about() -> None:
    """Manage users.

    Needs a role of type superadmin.
    """


@users.command("list")
def list_users(context: typer.Context) -> None:
    """List the users."""
    session = Session.of(context)
    with session.connect() as lake:
        found = lake.users.list()
    if session.as_json:
        write_json(found)
    elif not found:
        console().print("No users yet. Create one with `supertable users create USER --roles ROLE`.")
    else:
        _show_users(found)


@users.command()
def show(context: typer.Context, name: UserName) -> None:
    """Show a user's roles and attributes."""
    session = Session.of(context)
    with session.connect() as lake:
        info = lake.users.get(name)
    _show_user(session, info)


@users.command()
def create(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="USER", help="Name of the new user.", show_default=False)],
    roles: RolesOption = None,
    attributes: AttributesOption = None,
) -> None:
    """Create a user. To sign in, the user needs a token; see `supertable tokens create`.

    Example: supertable users create ann@example.com --roles analyst --attribute region=EU
    """
    session = Session.of(context)
    with session.connect() as lake:
        info = lake.users.create(name, _names(roles), attributes=parse_name_values(attributes or (), "--attribute"))
    _show_user(session, info)


@users.command()
def alter(
    context: typer.Context,
    name: UserName,
    new_name: Annotated[
        str | None, typer.Option("--name", metavar="NEW", help="New name; the hash stays the same.", show_default=False)
    ] = None,
    roles: RolesOption = None,
    attributes: AttributesOption = None,
    enabled: Annotated[
        bool | None, typer.Option("--enable/--disable", help="Whether the user may sign in.", show_default=False)
    ] = None,
) -> None:
    """Change a user. Given roles and attributes replace the old ones."""
    session = Session.of(context)
    new_attributes = None if attributes is None else parse_name_values(attributes, "--attribute")
    new_roles = None if roles is None else _names(roles)
    with session.connect() as lake:
        info = lake.users.alter(name, name=new_name, roles=new_roles, attributes=new_attributes, enabled=enabled)
    _show_user(session, info)


@users.command()
def drop(
    context: typer.Context,
    name: UserName,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Skip the confirmation.")] = False,
) -> None:
    """Drop a user and revoke the user's tokens."""
    session = Session.of(context)
    with session.connect() as lake:
        found = lake.users.get(name)
        confirm(f"Drop the user {found.name} and revoke their tokens?", yes)
        lake.users.drop(found.hash)
    if session.as_json:
        write_json({"dropped": found.name, "hash": found.hash})
    else:
        console().print(f"Dropped the user {found.name}.")


def _names(roles: str | None) -> list[str]:
    return [name.strip() for name in (roles or "").split(",") if name.strip()]


def _show_user(session: Session, info: UserInfo) -> None:
    if session.as_json:
        write_json(info)
    else:
        _show_users([info])


def _show_users(found: list[UserInfo]) -> None:
    rows = [(info.name, info.hash, info.roles, format_properties(info.attributes), info.enabled) for info in found]
    console().print(table(["user", "hash", "roles", "attributes", "enabled"], rows))
