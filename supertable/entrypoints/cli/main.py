"""The command line's start: global options, the list of commands, and how errors leave.

Nothing heavy is imported before a command needs it, so that `--help` and completion are quick.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from supertable.entrypoints.cli.access.audit import audit
from supertable.entrypoints.cli.access.roles import roles
from supertable.entrypoints.cli.access.tokens import tokens
from supertable.entrypoints.cli.access.users import users
from supertable.entrypoints.cli.access.whoami import whoami
from supertable.entrypoints.cli.maintenance.catalog import catalog
from supertable.entrypoints.cli.maintenance.compact import compact, policy
from supertable.entrypoints.cli.maintenance.fsck import fsck
from supertable.entrypoints.cli.maintenance.maintain import maintain
from supertable.entrypoints.cli.maintenance.vacuum import vacuum
from supertable.entrypoints.cli.rows.delete import delete
from supertable.entrypoints.cli.rows.load import load
from supertable.entrypoints.cli.rows.query import changes, query
from supertable.entrypoints.cli.service.configuration import config
from supertable.entrypoints.cli.service.demo import demo
from supertable.entrypoints.cli.service.serve import serve
from supertable.entrypoints.cli.tables.alter import alter
from supertable.entrypoints.cli.tables.rename_drop_clone import clone, drop, rename, undrop
from supertable.entrypoints.cli.tables.tables import describe, history, restore, tables
from supertable.entrypoints.cli.tables.tags import tag, tags, untag
from supertable.entrypoints.cli.tables.tombstones import tombstones
from supertable.entrypoints.cli.terminal.failures import INTERRUPTED, PIPE_CLOSED, report
from supertable.entrypoints.cli.terminal.interruption import Interruption
from supertable.entrypoints.cli.terminal.session import Session

_FLAGS = frozenset({"--json", "--verbose"})
_WITH_VALUE = frozenset({"--home", "--organization", "-o", "--supertable", "-s", "--token", "--role"})


class _PipeClosed(Exception):
    """Whoever read our output has gone. Named apart, because Typer ends the process on a bare EPIPE."""


class _Commands(TyperGroup):
    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise _PipeClosed from error


app = typer.Typer(
    name="supertable",
    cls=_Commands,
    help="Versioned tables of Parquet files, with SQL and time travel.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_TABLES = (tables, describe, rename, drop, undrop, clone)
_ROWS = (load, query, changes, delete, tombstones)
_VERSIONS = (history, restore, tag, untag, tags)
_MAINTENANCE = (compact, vacuum, maintain, policy, fsck)
for command in (*_ROWS, *_TABLES, *_VERSIONS, *_MAINTENANCE, config, whoami, demo):
    app.command()(command)
app.add_typer(alter, name="alter")
app.add_typer(catalog, name="catalog")
app.add_typer(audit, name="audit")
app.add_typer(serve, name="serve")
app.add_typer(roles, name="roles")
app.add_typer(users, name="users")
app.add_typer(tokens, name="tokens")


def _show_version(wanted: bool) -> None:
    if wanted:
        import supertable

        typer.echo(f"supertable {supertable.__version__}")
        raise typer.Exit


@app.callback()
def start(
    context: typer.Context,
    home: Annotated[
        Path | None, typer.Option(help="Working folder of the lake.", show_default="SUPERTABLE_HOME, or ~/supertable")
    ] = None,
    organization: Annotated[
        str | None,
        typer.Option("--organization", "-o", help="Tenant.", show_default="SUPERTABLE_ORGANIZATION, or default"),
    ] = None,
    supertable: Annotated[
        str | None, typer.Option("--supertable", "-s", help="Lake within the organization.", show_default="main")
    ] = None,
    token: Annotated[
        str | None, typer.Option(help="Token to sign in with; others can see it here.", show_default="SUPERTABLE_TOKEN")
    ] = None,
    role: Annotated[str | None, typer.Option(help="Role to act under.", show_default="the default one")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write everything as JSON, errors too.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show where an error came from.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    context.obj = Session(home, organization, supertable, token, role, as_json, verbose)


def main() -> None:
    interruption = Interruption()
    sys.exit(run(sys.argv[1:], interruption))


def run(arguments: Sequence[str], interruption: Interruption | None = None) -> int:
    """Run one command line and return its exit code."""
    options, rest = hoisted(arguments)
    try:
        code = app([*options, *rest], prog_name="supertable", standalone_mode=False)
        if code == INTERRUPTED:  # which Typer makes of a KeyboardInterrupt
            raise KeyboardInterrupt
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except (BrokenPipeError, _PipeClosed):
        _silence_output()
        return PIPE_CLOSED
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001
        interrupted = interruption is not None and interruption.came
        return report(KeyboardInterrupt() if interrupted else error, "--json" in options, "--verbose" in options)


def hoisted(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """The global options, taken from wherever they were written before a `--`; and the rest, in order."""
    options: list[str] = []
    rest: list[str] = []
    remaining = iter(arguments)
    for argument in remaining:
        if argument == "--":
            rest += [argument, *remaining]
        elif argument in _FLAGS or argument.partition("=")[0] in _WITH_VALUE - {argument}:
            options.append(argument)
        elif argument in _WITH_VALUE:
            options += [argument, *(value for value in [next(remaining, None)] if value is not None)]
        else:
            rest.append(argument)
    return options, rest


def _silence_output() -> None:
    """Keep the interpreter from complaining once more when it flushes standard output at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
