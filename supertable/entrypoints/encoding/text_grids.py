"""Rows as a table of plain text: for terminals, logs and `print`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pyarrow as pa

from supertable.application.storage.arrow.arrow_schemas import type_name
from supertable.entrypoints.encoding.text_widths import (
    GAP,
    LEAST,
    cut,
    display_width,
    fitted_widths,
    padded,
    printable,
    wrapped,
)
from supertable.entrypoints.encoding.values import cells

NULL = "NULL"
_NAME_LENGTH = 60
Style = Callable[[str], str]
Cells = Sequence[str | None]


def _unstyled(text: str) -> str:
    return text


@dataclass(frozen=True, slots=True)
class Look:
    """How a grid is shown. `width`: cells of a line; None: any number. `wrap`: wrap long cells instead of cutting them.

    `cell_length`: characters of a value that are shown. `bold` and `dim` style headings, types and nulls.
    """

    width: int | None = None
    wrap: bool = False
    cell_length: int = 100
    bold: Style = _unstyled
    dim: Style = _unstyled


@dataclass(frozen=True, slots=True)
class Grid:
    """Columns as text. `types`: empty: they are not shown. `numbers` align on the right, `fixed` columns are never
    narrowed. `rows`: None is a null."""

    names: list[str]
    types: list[str]
    numbers: list[bool]
    fixed: list[bool]
    rows: list[list[str | None]]

    def columns(self, kept: Sequence[int]) -> Grid:
        return Grid(
            [self.names[i] for i in kept],
            [self.types[i] for i in kept if self.types],
            [self.numbers[i] for i in kept],
            [self.fixed[i] for i in kept],
            [[row[i] for i in kept] for row in self.rows],
        )


def grid_of(table: pa.Table, look: Look, with_types: bool = True) -> Grid:
    """The rows of a small table, each cell in one line of printable text."""
    columns = [_column(column, look.cell_length) for column in table.columns]
    return Grid(
        [printable(field.name, _NAME_LENGTH) for field in table.schema],
        [printable(type_name(field.type), _NAME_LENGTH) for field in table.schema if with_types],
        [_is_number(field.type) for field in table.schema],
        [_is_number(field.type) or pa.types.is_temporal(field.type) for field in table.schema],
        [list(row) for row in zip(*columns, strict=True)],
    )


def grid_lines(grid: Grid, look: Look) -> list[str] | None:
    """Headings, types, a rule and the rows; None if the columns do not fit into the width."""
    widths = fitted_widths(_natural_widths(grid), grid.fixed, look.width)
    return None if widths is None else _lines(grid, widths, look)


def cut_grid_lines(grid: Grid, look: Look) -> tuple[list[str], int]:
    """As `grid_lines`, with columns in the middle left out as needed, and how many were left out."""
    natural, count = _natural_widths(grid), len(grid.names)
    for shown in range(min(count, (look.width or 0) // GAP), 0, -1):
        kept = [*range((shown + 1) // 2), *range(count - shown // 2, count)] if shown < count else [*range(count)]
        gap_column = 0 if shown == count else 1 + GAP
        width = None if look.width is None else look.width - gap_column
        widths = fitted_widths([natural[i] for i in kept], [grid.fixed[i] for i in kept], width)
        if widths is not None:
            part = grid.columns(kept)
            return _lines(part, widths, look, (shown + 1) // 2 if gap_column else None), count - shown
    first = grid.columns([0])
    return _lines(first, [max(look.width or 0, LEAST)], look), count - 1


def record_lines(grid: Grid, look: Look) -> list[str]:
    """One line for each value, below the number of its row: for rows that are wider than the terminal."""
    labels = max(map(display_width, grid.names), default=0)
    room = None if look.width is None else max(look.width - labels - GAP, LEAST)
    lines = []
    for number, row in enumerate(grid.rows, 1):
        lines.append(look.dim(f"── row {number} ".ljust(labels + GAP + LEAST, "─")))
        for name, cell in zip(grid.names, row, strict=True):
            parts = _cell_lines(cell, room, look.wrap)
            heads = [look.bold(padded(name, labels, False)), *[" " * labels] * (len(parts) - 1)]
            lines += [f"{head}{' ' * GAP}{_styled(cell, part, look)}" for head, part in zip(heads, parts, strict=True)]
    return lines


def _lines(grid: Grid, widths: list[int], look: Look, gap_after: int | None = None) -> list[str]:
    """`gap_after`: after so many columns, a column of … stands for those that are left out."""
    shapes = list(zip(widths, grid.numbers, strict=True))
    names = [[cut(name, width)] for name, width in zip(grid.names, widths, strict=True)]
    types = [[cut(kind, width)] for kind, width in zip(grid.types, widths, strict=False)]
    lines = _joined(names, shapes, gap_after, [look.bold] * len(widths))
    lines += _joined(types, shapes, gap_after, [look.dim] * len(widths)) if types else []
    lines.append((" " * GAP).join(_with_gap(["─" * width for width in widths], gap_after, "─")))
    for row in grid.rows:
        parts = [_cell_lines(cell, width, look.wrap) for cell, width in zip(row, widths, strict=True)]
        lines += _joined(parts, shapes, gap_after, [look.dim if cell is None else _unstyled for cell in row])
    return lines


def _joined(
    parts: list[list[str]], shapes: list[tuple[int, bool]], gap_after: int | None, styles: Sequence[Style]
) -> list[str]:
    """The lines of one row, whose cells have one line or several."""
    lines = []
    for i in range(max(map(len, parts), default=0)):
        texts = [
            style(padded(part[i] if i < len(part) else "", width, right))
            for part, (width, right), style in zip(parts, shapes, styles, strict=True)
        ]
        lines.append((" " * GAP).join(_with_gap(texts, gap_after, "…" if i == 0 else " ")).rstrip())
    return lines


def _with_gap(texts: list[str], gap_after: int | None, sign: str) -> list[str]:
    return texts if gap_after is None else [*texts[:gap_after], sign, *texts[gap_after:]]


def _cell_lines(cell: str | None, width: int | None, wrap: bool) -> list[str]:
    text = NULL if cell is None else cell
    if width is None:
        return [text]
    return wrapped(text, width) if wrap else [cut(text, width)]


def _styled(cell: str | None, part: str, look: Look) -> str:
    return look.dim(part) if cell is None else part


def _natural_widths(grid: Grid) -> list[int]:
    types = grid.types or [""] * len(grid.names)
    heads = [max(display_width(n), display_width(t)) for n, t in zip(grid.names, types, strict=True)]
    for row in grid.rows:
        heads = [max(w, display_width(NULL if cell is None else cell)) for w, cell in zip(heads, row, strict=True)]
    return heads


def _column(column: pa.ChunkedArray, length: int) -> list[str | None]:
    found = [cell for chunk in column.chunks for cell in cells(chunk)]
    return [None if cell is None else printable(cell, length) for cell in found]


def _is_number(type_: pa.DataType) -> bool:
    return bool(pa.types.is_integer(type_) or pa.types.is_floating(type_) or pa.types.is_decimal(type_))
