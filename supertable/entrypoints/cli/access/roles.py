"""`roles`: the permissions of users and tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from supertable.domain.access.roles import RoleType
from supertable.entrypoints.cli.terminal.confirmation import confirm
from supertable.entrypoints.cli.terminal.name_value_pairs import parse_name_values
from supertable.entrypoints.cli.terminal.output.console import console, table, write_json
from supertable.entrypoints.cli.terminal.output.formatting import format_value
from supertable.entrypoints.cli.terminal.session import Session

if TYPE_CHECKING:
    from supertable.application.access_control.role_descriptions import RoleInfo, RuleInfo

roles = typer.Typer(name="roles", no_args_is_help=True)

RoleName = Annotated[str, typer.Argument(metavar="ROLE", help="Role name.", show_default=False)]
Pattern = Annotated[
    str,
    typer.Argument(
        metavar="TABLE",
        help="Table name or pattern, such as orders, 'sales_*', sales.orders or '*'.",
        show_default=False,
    ),
]
Patterns = Annotated[
    list[str] | None,
    typer.Option("--table", metavar="TABLE", help="Table name or pattern that the role sees in full. Repeatable."),
]


@roles.callback()
def about() -> None:
    """Manage roles, which decide what users and tokens may see and do.

    Needs a role of type superadmin.
    """


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
    console().print(table(["role", "type", "full tables", "partial tables", "comment"], rows))


@roles.command()
def show(context: typer.Context, name: RoleName) -> None:
    """Show a role's type, tables and rules."""
    session = Session.of(context)
    with session.connect() as lake:
        info = lake.roles.get(name)
    _show_role(session, info)


@roles.command()
def create(
    context: typer.Context,
    name: RoleName,
    kind: Annotated[
        RoleType, typer.Argument(metavar="TYPE", help=f"One of {', '.join(RoleType)}.", show_default=False)
    ],
    tables: Patterns = None,
    comment: Annotated[str, typer.Option(metavar="TEXT", help="Description of the role.")] = "",
) -> None:
    """Create a role.

    A superadmin may do everything; an admin everything except managing access.
    Roles of other types see only the tables that they are granted: writers may
    also write, readers read, and meta roles see schemas but no rows.

    Example: supertable roles create analyst reader --table 'sales_*'
    """
    session = Session.of(context)
    with session.connect() as lake:
        info = lake.roles.create(name, kind.value, tables or (), comment)
    _show_role(session, info)


@roles.command()
def alter(
    context: typer.Context,
    name: RoleName,
    kind: Annotated[RoleType | None, typer.Option("--type", help="New type.", show_default="unchanged")] = None,
    comment: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Description of the role.", show_default="unchanged")
    ] = None,
) -> None:
    """Change a role's type or comment."""
    session = Session.of(context)
    with session.connect() as lake:
        info = lake.roles.alter(name, type=kind and kind.value, comment=comment)
    _show_role(session, info)


@roles.command()
def drop(
    context: typer.Context,
    name: RoleName,
    force: Annotated[
        bool, typer.Option("--force", help="Remove the role from its users and revoke its tokens.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Skip the confirmation.")] = False,
) -> None:
    """Drop a role. Fails if it is in use, unless --force."""
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
        typer.Option(
            "--column", metavar="COLUMN", help="Column the role may see. Repeatable.", show_default="all columns"
        ),
    ] = None,
    masks: Annotated[
        list[str] | None,
        typer.Option(
            "--mask",
            metavar="COLUMN=MASK",
            help="Mask for a column's values: null, hash, constant:TEXT, first:N or last:N. Repeatable.",
        ),
    ] = None,
    where: Annotated[
        str | None,
        typer.Option(metavar="SQL", help="SQL condition for the rows the role may see.", show_default="all rows"),
    ] = None,
) -> None:
    """Let a role see tables in full, or part of one table.

    Without options, the role sees every matching table in full. With options,
    it sees only the given columns and rows of one table. They replace what it
    saw of this table before.

    Example: supertable roles grant analyst people --mask email=last:4 --where "region = 'EU'"
    """
    session = Session.of(context)
    masked = parse_name_values(masks or (), "--mask")
    with session.connect() as lake:
        info = lake.roles.grant(name, pattern, columns=columns, masks=masked, where=where)
    _show_role(session, info)


@roles.command()
def revoke(context: typer.Context, name: RoleName, pattern: Pattern) -> None:
    """Revoke a grant from a role."""
    session = Session.of(context)
    with session.connect() as lake:
        info = lake.roles.revoke(name, pattern)
    _show_role(session, info)


def _show_role(session: Session, info: RoleInfo) -> None:
    if session.as_json:
        write_json(info)
        return
    screen = console()
    screen.print(
        f"{info.name}  type {info.type}" + (f", sees {format_value(info.tables)} in full" if info.tables else "")
    )
    if info.comment:
        screen.print(info.comment)
    if info.rules:
        screen.print()
        screen.print(table(["table", "columns", "masks", "rows", "closed because"], map(_row, info.rules)))


def _row(rule: RuleInfo) -> tuple[object, ...]:
    masks = [f"{column}={mask}" for column, mask in rule.masks.items()]
    columns = "all" if rule.columns is None else rule.columns
    return f"{rule.supertable}.{rule.table}", columns, masks, rule.where or "", rule.closed
