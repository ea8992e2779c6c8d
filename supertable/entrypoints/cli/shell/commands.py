"""The shell's own commands and its settings."""

from __future__ import annotations

from dataclasses import dataclass, replace

from supertable.domain.engine_choice import engine_name
from supertable.domain.errors import InvalidInput
from supertable.domain.names import did_you_mean

MODES = ("table", "line", "csv", "tsv", "json", "ndjson")
COMMANDS = (".engine", ".exit", ".help", ".mode", ".quit", ".read", ".rows", ".schema", ".tables", ".timer")
HELP = """\
A statement ends with ; and may have several lines. Ctrl+C cancels it, Ctrl+D leaves the shell.
.help             this list
.tables [PATTERN] the tables
.schema [TABLE]   the columns of one table, or of all
.mode MODE        how rows are shown: table, line (a line for each value), csv, tsv, json, ndjson
.rows COUNT       how many rows the modes table and line show
.timer on|off     whether the time is shown
.engine NAME      the engine of queries: auto, lite, pro, spark; default: as configured
.read FILE        run a script
.quit             leave the shell"""


@dataclass(frozen=True, slots=True)
class Settings:
    """`mode`: one of `MODES`. `rows`: how many rows `table` and `line` show. `timer`: show how long things took.

    `engine`: the one that queries ask for; None: none.
    """

    mode: str = "table"
    rows: int = 200
    timer: bool = True
    engine: str | None = None


def changed(settings: Settings, command: str, value: str) -> Settings:
    """The settings after `.mode`, `.rows`, `.timer` or `.engine`.

    Raises `InvalidInput` for a wrong value or another command.
    """
    if command == ".mode":
        if value not in MODES:
            raise InvalidInput(f"There is no mode {value!r}. The modes are {', '.join(MODES)}.")
        return replace(settings, mode=value)
    if command == ".timer":
        if value not in ("on", "off"):
            raise InvalidInput("Write .timer on or .timer off.")
        return replace(settings, timer=value == "on")
    if command == ".rows":
        if not value.isdecimal() or not 0 < int(value) <= 1_000_000:
            raise InvalidInput("Write .rows and a number from 1 to 1,000,000.")
        return replace(settings, rows=int(value))
    if command == ".engine":
        return replace(settings, engine=None if value == "default" else engine_name(value).value)
    hint = did_you_mean(command, COMMANDS) or " .help lists the commands."
    raise InvalidInput(f"There is no command {command}.{hint}")
