"""Standard output for people (Rich consoles and tables) and for scripts (JSON)."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from supertable.entrypoints.cli.terminal.output.formatting import format_value

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_UNCUT_WIDTH = 100_000


def console(error: bool = False) -> Console:
    """A console on standard output, or on standard error.

    On a terminal it fits the terminal's width. In a file or a pipe, lines are never cut and never coloured.
    """
    from rich.console import Console

    file = sys.stderr if error else sys.stdout
    width = None if file.isatty() else _UNCUT_WIDTH
    return Console(file=file, width=width, highlight=False, emoji=False, markup=False, soft_wrap=False)


def write_json(value: Any) -> None:
    """Write a value to standard output as indented JSON. Dataclasses become objects."""
    import msgspec

    text = msgspec.json.format(msgspec.json.encode(_plain(value), enc_hook=str), indent=2).decode()
    sys.stdout.write(text + "\n")


def table(headings: Sequence[str], rows: Iterable[Sequence[object]], numbers: Sequence[int] = ()) -> Table:
    """A table to print. `numbers` are the positions of the columns to align on the right."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    built = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    for position, heading in enumerate(headings):
        built.add_column(Text(heading), justify="right" if position in numbers else "left", overflow="fold")
    for row in rows:
        built.add_row(*(Text(format_value(cell)) for cell in row))
    return built


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
