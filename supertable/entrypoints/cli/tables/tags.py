"""`tag`, `untag` and `tags`."""

from __future__ import annotations

from typing import Annotated

import typer

from supertable.entrypoints.cli.tables.tables import TableName, VersionOption, as_version
from supertable.entrypoints.cli.terminal.screen import console, table, write_json
from supertable.entrypoints.cli.terminal.session import Session

TagName = Annotated[str, typer.Argument(metavar="TAG", help="Name of a tag, like v1.0.", show_default=False)]


def tag(
    context: typer.Context,
    name: TableName,
    tag_name: TagName,
    version: VersionOption = None,
    replace: Annotated[bool, typer.Option("--replace", help="Move a tag that another version has.")] = False,
) -> None:
    """Give a version a name. `FROM t AT (VERSION => 'v1.0')` reads it; no vacuum removes it."""
    session = Session.of(context)
    with session.connect() as lake:
        tagged = lake.table(name).tag(tag_name, version and as_version(version), replace)
    if session.as_json:
        write_json({"table": name, "tag": tag_name, "version": tagged})
    else:
        console().print(f"Tagged version {tagged} of {name} as {tag_name}.")


def untag(context: typer.Context, name: TableName, tag_name: TagName) -> None:
    """Take a tag away. Its version stays until a vacuum removes it."""
    session = Session.of(context)
    with session.connect() as lake:
        lake.table(name).untag(tag_name)
    if session.as_json:
        write_json({"table": name, "untagged": tag_name})
    else:
        console().print(f"Took the tag {tag_name} of {name} away.")


def tags(context: typer.Context, name: TableName) -> None:
    """List a table's tags."""
    session = Session.of(context)
    with session.connect() as lake:
        found = lake.table(name).tags()
    if session.as_json:
        write_json([{"tag": tag_name, "version": version} for tag_name, version in found.items()])
    elif not found:
        console().print(f"{name} has no tags. `supertable tag {name} NAME` gives its newest version one.")
    else:
        console().print(table(["tag", "version"], found.items(), numbers=(1,)))
