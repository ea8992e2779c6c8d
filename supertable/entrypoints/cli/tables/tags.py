"""`tag`, `untag` and `tags`."""

from __future__ import annotations

from typing import Annotated

import typer

from supertable.entrypoints.cli.tables.arguments import TableName, VersionOption
from supertable.entrypoints.cli.terminal.output.console import console, table, write_json
from supertable.entrypoints.cli.terminal.session import Session

TagName = Annotated[str, typer.Argument(metavar="TAG", help="Tag name, such as v1.0.", show_default=False)]


def tag(
    context: typer.Context,
    name: TableName,
    tag_name: TagName,
    version: VersionOption = None,
    replace: Annotated[bool, typer.Option("--replace", help="Move the tag if another version has it.")] = False,
) -> None:
    """Tag a version with a name. A vacuum never removes a tagged version.

    Query it with `FROM flights AT (VERSION => 'v1.0')`.

    Example: supertable tag flights v1.0 --version 1
    """
    session = Session.of(context)
    with session.connect() as lake:
        tagged = lake.table(name).tag(tag_name, version, replace)
    if session.as_json:
        write_json({"table": name, "tag": tag_name, "version": tagged})
    else:
        console().print(f"Tagged version {tagged} of {name} as {tag_name}.")


def untag(context: typer.Context, name: TableName, tag_name: TagName) -> None:
    """Remove a tag. Its version stays until a vacuum removes it."""
    session = Session.of(context)
    with session.connect() as lake:
        lake.table(name).untag(tag_name)
    if session.as_json:
        write_json({"table": name, "untagged": tag_name})
    else:
        console().print(f"Removed the tag {tag_name} from {name}.")


def tags(context: typer.Context, name: TableName) -> None:
    """List a table's tags and their versions."""
    session = Session.of(context)
    with session.connect() as lake:
        found = lake.table(name).tags()
    if session.as_json:
        write_json([{"tag": tag_name, "version": version} for tag_name, version in found.items()])
    elif not found:
        console().print(f"{name} has no tags. Tag its newest version with `supertable tag {name} TAG`.")
    else:
        console().print(table(["tag", "version"], found.items(), numbers=(1,)))
