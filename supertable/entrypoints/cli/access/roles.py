"""`roles`: what users and tokens may do, and see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from supertable.domain.access.roles import RoleType
from supertable.entrypoints.cli.terminal.confirming import confirm
from supertable.entrypoints.cli.terminal.pairs import pairs
from supertable.entrypoints.cli.terminal.screen import console, shown, table, write_json
from supertable.entrypoints.cli.terminal.session import Session

if TYPE_CHECKING:
    from supertable.application.access_control.role_descriptions import RoleInfo, RuleInfo

roles = typer.Typer(help="Say what users and tokens may do, and see.", no_args_is_help=True)


RoleName = Annotated[str, typer.Argument(metavar="ROLE", help="Name of a role.", show_default=False)]
Pattern = Annotated[
    str,
    typer.Argument(
        metavar="TABLE", help="A table, or a pattern: orders, 'sales_*', sales.orders, '*'.", show_default=False
    ),
]
Patterns = Annotated[
    list[str] | None, typer.Option("--table", metavar="TABLE", help="Tables it sees whole, as in grant. Repeatable.")
]


@roles.callback()
def about() -> None:
    """Say what users and tokens may do, and see. All of it needs a role of type superadmin."""


@roles.command("list")
def list_roles(context: typer.Context) -> None:
    """List the roles."""
    session = Session.of(context)
    with session.connect() as lake:
        found = lake.roles.list()
    if session.as_json:
        write_json(found)
        return
    rows = [(info.name, info.type, info.tables, [rule.table for rule in info.rules], info.comment) for info in found]
    console().print(table(["role", "type", "whole tables", "parts of", "comment"], rows))


@roles.command()
def show(context: typer.Context, name: RoleName) -> None:
    """Show what a role may see."""
    session = Session.of(context)
    with session.connect() as lake:
        info = lake.roles.get(name)
    _written(session, info)


@roles.command()
def create(
    context: typer.Context,
    name: RoleName,
    kind: Annotated[RoleType, typer.Argument(metavar="TYPE", help=", ".join(RoleType), show_default=False)],
    tables: Patterns = None,
    comment: Annotated[str, typer.Option(help="What the role is for.")] = "",
) -> None:
    """Make a role. Superadmins may do all, admins all but manage access; the others see what they are granted."""
    session = Session.of(context)
    with session.connect() as lake:
        info = lake.roles.create(name, kind.value, tables or (), comment)
    _written(session, info)


@roles.command()
def alter(
    context: typer.Context,
    name: RoleName,
    kind: Annotated[RoleType | None, typer.Option("--type", help="Another type.")] = None,
    comment: Annotated[str | None, typer.Option(help="What the role is for.", show_default=False)] = None,
) -> None:
    """Change the type or the comment of a role."""
    session = Session.of(context)
    with session.connect() as lake:
        info = lake.roles.alter(name, type=kind and kind.value, comment=comment)
    _written(session, info)


@roles.command()
def drop(
    context: typer.Context,
    name: RoleName,
    force: Annotated[
        bool, typer.Option("--force", help="Also take it from the users who have it, and revoke its tokens.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Drop a role."""
    session = Session.of(context)
    with session.connect() as lake:
        found = lake.roles.get(name).name
        confirm(f"Drop the role {found}?", yes)
        lake.roles.drop(name, force=force)
    if session.as_json:
        write_json({"dropped": found})
    else:
        console().print(f"Dropped the role {found}.")


@roles.command()
def grant(
    context: typer.Context,
    name: RoleName,
    pattern: Pattern,
    columns: Annotated[
        list[str] | None,
        typer.Option("--column", metavar="COLUMN", help="A column it may see. Repeatable.", show_default="all"),
    ] = None,
    masks: Annotated[
        list[str] | None,
        typer.Option(
            "--mask",
            metavar="COLUMN=MASK",
            help="What it sees in place of a column's values: null, hash, constant:TEXT, first:2, last:4. Repeatable.",
        ),
    ] = None,
    where: Annotated[
        str | None,
        typer.Option(metavar="SQL", help="A condition that is true for the rows it may see.", show_default="all rows"),
    ] = None,
) -> None:
    """Let a role see tables whole, or a part of one: some columns, masked values, some rows."""
    session = Session.of(context)
    masked = pairs(masks or (), "--mask")
    with session.connect() as lake:
        info = lake.roles.grant(name, pattern, columns=columns, masks=masked, where=where)
    _written(session, info)


@roles.command()
def revoke(context: typer.Context, name: RoleName, pattern: Pattern) -> None:
    """Take back what a role was granted."""
    session = Session.of(context)
    with session.connect() as lake:
        info = lake.roles.revoke(name, pattern)
    _written(session, info)


def _written(session: Session, info: RoleInfo) -> None:
    if session.as_json:
        write_json(info)
        return
    screen = console()
    screen.print(f"{info.name}  type {info.type}" + (f", sees {shown(info.tables)} whole" if info.tables else ""))
    if info.comment:
        screen.print(info.comment)
    if info.rules:
        screen.print()
        screen.print(table(["table", "columns", "masks", "rows", "closed"], map(_row, info.rules)))


def _row(rule: RuleInfo) -> tuple[object, ...]:
    masks = [f"{column}={mask}" for column, mask in rule.masks.items()]
    columns = "all" if rule.columns is None else rule.columns
    return f"{rule.supertable}.{rule.table}", columns, masks, rule.where or "", rule.closed
