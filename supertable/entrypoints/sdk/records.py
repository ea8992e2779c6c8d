"""Lists and records that print as tables."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from html import escape
from typing import Any, TypeVar

from supertable.application.authentication.who_am_i import Identity
from supertable.entrypoints.encoding.text_grids import Grid, Look, cut_grid_lines
from supertable.entrypoints.encoding.text_widths import display_width, printable

_CELL_LENGTH = 60
Record = TypeVar("Record")


class Records(list[Record]):
    """A list of dataclasses that prints as a table, also in a notebook. Columns without any value are left out."""

    def __repr__(self) -> str:
        if not self:
            return "[]"
        lines, hidden = cut_grid_lines(self._grid(), Look(width=shutil.get_terminal_size((120, 24)).columns))
        return "\n".join([*lines, f"({len(self):,})"]) + (f" {hidden:,} columns not shown" if hidden else "")

    def _repr_html_(self) -> str:
        grid = self._grid()
        heads = "".join(f"<th>{escape(name)}</th>" for name in grid.names)
        rows = ("".join(f"<td>{escape(cell or '')}</td>" for cell in row) for row in grid.rows)
        return (
            f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(f'<tr>{row}</tr>' for row in rows)}</tbody></table>"
        )

    def _grid(self) -> Grid:
        names = [field.name for field in fields(self[0])] if self else []  # type: ignore[arg-type]
        values = [[getattr(record, name) for name in names] for record in self]
        kept = [i for i in range(len(names)) if any(row[i] not in _NOTHING for row in values)]
        numbers = [all(row[i] is None or type(row[i]) is int for row in values) for i in kept]
        cells: list[list[str | None]] = [[_text(row[i]) for i in kept] for row in values]
        fixed = [number or isinstance(values[0][i], datetime) for number, i in zip(numbers, kept, strict=True)]
        return Grid([names[i] for i in kept], [], numbers, fixed, cells)


class Whoami(Identity):
    """The caller. Prints as a table."""

    __slots__ = ()

    def __repr__(self) -> str:
        values = {field.name: _text(getattr(self, field.name)) for field in fields(self)}
        width = max(map(display_width, values))
        return "\n".join(f"{name.ljust(width)}  {value}" for name, value in values.items() if value)


def whoami(identity: Identity) -> Whoami:
    return Whoami(**{field.name: getattr(identity, field.name) for field in fields(identity)})


_NOTHING: tuple[Any, ...] = (None, "", [], {}, ())


def _text(value: object) -> str:
    """Times in UTC, `yes` and `no`, commas between the parts of a list; empty for None."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    if isinstance(value, Mapping):
        return printable("; ".join(f"{key}={item}" for key, item in value.items()), _CELL_LENGTH)
    if isinstance(value, list | tuple | set | frozenset):
        return printable(", ".join(map(str, value)), _CELL_LENGTH)
    return printable(str(value), _CELL_LENGTH)
