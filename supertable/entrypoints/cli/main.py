"""The command line: global options, the list of commands, and what happens to errors.

Nothing heavy is imported before a command needs it, so that `--help` and completion are quick.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from supertable.application.storage.unused_packages import leave_pandas_out
from supertable.entrypoints.cli.access.audit import audit
from supertable.entrypoints.cli.access.roles import roles
from supertable.entrypoints.cli.access.tokens import tokens
from supertable.entrypoints.cli.access.users import users
from supertable.entrypoints.cli.access.whoami import whoami
from supertable.entrypoints.cli.maintenance.catalog import catalog
from supertable.entrypoints.cli.maintenance.compact import compact
from supertable.entrypoints.cli.maintenance.fsck import fsck
from supertable.entrypoints.cli.maintenance.maintain import maintain
from supertable.entrypoints.cli.maintenance.policy import policy
from supertable.entrypoints.cli.maintenance.vacuum import vacuum
from supertable.entrypoints.cli.rows.delete import delete
from supertable.entrypoints.cli.rows.load import load
from supertable.entrypoints.cli.rows.query import changes, query
from supertable.entrypoints.cli.service.configuration import config
from supertable.entrypoints.cli.service.demo import demo
from supertable.entrypoints.cli.service.serve import serve
from supertable.entrypoints.cli.shell.command import shell
from supertable.entrypoints.cli.tables.alter import alter
from supertable.entrypoints.cli.tables.listing import describe, tables
from supertable.entrypoints.cli.tables.rename_drop_clone import clone, drop, rename, undrop
from supertable.entrypoints.cli.tables.tags import tag, tags, untag
from supertable.entrypoints.cli.tables.tombstones import tombstones
from supertable.entrypoints.cli.tables.versions import history, restore
from supertable.entrypoints.cli.terminal.error_reports import report_error
from supertable.entrypoints.cli.terminal.exit_codes import INTERRUPTED, PIPE_CLOSED
from supertable.entrypoints.cli.terminal.interruption import Interruption
from supertable.entrypoints.cli.terminal.session import Session
from supertable.entrypoints.cli.terminal.told_warnings import warnings_told
from supertable.entrypoints.sdk.door import is_command_line

_FLAGS = frozenset({"--json", "--verbose"})
_WITH_VALUE = frozenset({"--home", "--organization", "-o", "--supertable", "-s", "--token", "--role"})


class _PipeClosed(Exception):
    """The reader of our output closed the pipe. A class of its own, because Typer ends the process on a bare EPIPE."""


class _Commands(TyperGroup):
    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise _PipeClosed from error


_PANELS: dict[str, tuple[Callable[..., None] | typer.Typer, ...]] = {
    "Rows": (load, query, shell, changes, delete, tombstones),
    "Tables": (tables, describe, alter, rename, drop, undrop, clone),
    "Versions": (history, restore, tag, untag, tags),
    "Maintenance": (compact, vacuum, maintain, policy, fsck, catalog),
    "Access": (whoami, roles, users, tokens, audit),
    "Service": (serve, config, demo),
}
_COMMANDS = {
    str(command.info.name if isinstance(command, typer.Typer) else command.__name__): (panel, command)
    for panel, commands in _PANELS.items()
    for command in commands
}


def _show_version(wanted: bool) -> None:
    if wanted:
        import supertable

        typer.echo(f"supertable {supertable.__version__}")
        raise typer.Exit


def start(
    context: typer.Context,
    home: Annotated[
        Path | None,
        typer.Option(
            help="Working folder of the lake.", metavar="FOLDER", show_default="SUPERTABLE_HOME, or ~/supertable"
        ),
    ] = None,
    organization: Annotated[
        str | None,
        typer.Option(
            "--organization",
            "-o",
            help="Organization (tenant).",
            metavar="NAME",
            show_default="SUPERTABLE_ORGANIZATION, or default",
        ),
    ] = None,
    supertable: Annotated[
        str | None,
        typer.Option("--supertable", "-s", help="Lake within the organization.", metavar="NAME", show_default="main"),
    ] = None,
    token: Annotated[
        str | None,
        typer.Option(
            metavar="TOKEN",
            help="Access token. Prefer SUPERTABLE_TOKEN: other users can see arguments.",
            show_default="SUPERTABLE_TOKEN",
        ),
    ] = None,
    role: Annotated[
        str | None, typer.Option(help="Role to act under.", metavar="NAME", show_default="your default role")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write output and errors as JSON.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show tracebacks of errors.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """A small data warehouse: versioned tables of Parquet files, with SQL and time travel.

    Global options may be given before or after the command.

    Examples:
      supertable load flights.csv.gz --into flights --key id
      supertable query "SELECT carrier, count(*) FROM flights GROUP BY ALL"
      supertable demo
    """
    context.obj = Session(home, organization, supertable, token, role, as_json, verbose)


def main() -> None:
    leave_pandas_out()
    interruption = Interruption()
    sys.exit(run(sys.argv[1:], interruption))


def mcp_server() -> None:
    """The command `mcp-server`: `supertable serve mcp`, with its options and the global ones."""
    leave_pandas_out()
    sys.exit(run(["serve", "mcp", *sys.argv[1:]]))


def run(arguments: Sequence[str], interruption: Interruption | None = None) -> int:
    """Run one command line and return its exit code. Errors are reported on standard error, never raised."""
    options, rest = split_global_options(arguments)
    with warnings_told():
        return _run(options, rest, interruption)


def _run(options: list[str], rest: list[str], interruption: Interruption | None) -> int:
    words = is_command_line.set(True)
    try:
        code = _command(rest[0] if rest and rest[0] in _COMMANDS else None)(
            [*options, *rest], prog_name="supertable", standalone_mode=False
        )
        if code == INTERRUPTED:  # how Typer returns a KeyboardInterrupt
            raise KeyboardInterrupt
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except (BrokenPipeError, _PipeClosed):
        _silence_output()
        return PIPE_CLOSED
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001
        interrupted = interruption is not None and interruption.requested
        return report_error(KeyboardInterrupt() if interrupted else error, "--json" in options, "--verbose" in options)
    finally:
        is_command_line.reset(words)


@cache
def _command(only: str | None) -> Any:
    """The tree of all commands (None), or of one: that of all takes longer to build than many commands to run."""
    app = typer.Typer(
        name="supertable",
        cls=_Commands,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(start)
    for name, (panel, command) in _COMMANDS.items():
        if only not in (None, name):
            continue
        if isinstance(command, typer.Typer):
            app.add_typer(command, rich_help_panel=panel)
        else:
            app.command(rich_help_panel=panel)(command)
    return get_command(app)


def split_global_options(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """The global options, which may stand anywhere before a `--`, and the other arguments, both in order."""
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
    """Redirect standard output to /dev/null, so that the interpreter's last flush does not report the closed pipe."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
