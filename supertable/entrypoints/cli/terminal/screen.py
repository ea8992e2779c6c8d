"""Writing for people, and for scripts with --json."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_UNCUT_WIDTH = 100_000


def console(error: bool = False) -> Console:
    """Fits the terminal; where output goes to a file or a pipe, nothing is cut and nothing is coloured."""
    from rich.console import Console

    file = sys.stderr if error else sys.stdout
    width = None if file.isatty() else _UNCUT_WIDTH
    return Console(file=file, width=width, highlight=False, emoji=False, markup=False, soft_wrap=False)


def write_json(value: Any) -> None:
    import msgspec

    text = msgspec.json.format(msgspec.json.encode(_plain(value), enc_hook=str), indent=2).decode()
    sys.stdout.write(text + "\n")


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], numbers: Sequence[int] = ()) -> Table:
    """`numbers` are the positions of the columns to align on the right."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    for position, name in enumerate(columns):
        made.add_column(Text(name), justify="right" if position in numbers else "left", overflow="fold")
    for row in rows:
        made.add_row(*(Text(shown(cell)) for cell in row))
    return made


def shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return str(value)


def amount(count: int | None, noun: str) -> str:
    """`1 row`, `2,000 rows`; `? rows` where the number may not be known."""
    if count is None:
        return f"? {noun}s"
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def properties(given: Mapping[str, str]) -> str:
    """`source=erp; user=ann`."""
    return "; ".join(f"{key}={value}" for key, value in given.items())


def size(count: int | None) -> str:
    """A number of bytes in decimal units; nothing where it may not be known."""
    if count is None:
        return ""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
