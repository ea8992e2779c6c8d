"""Results as people see them: text tables, and HTML in notebooks."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from html import escape

import pyarrow as pa

from supertable.application.storage.arrow.arrow_schemas import type_name
from supertable.entrypoints.encoding.text_grids import NULL, Look, cut_grid_lines, grid_of, record_lines

_CELL_LENGTH = 60
_HTML_CELL_LENGTH = 300
_HTML_COLUMNS = 60


def as_text(table: pa.Table, footer: str, width: int | None = None, expanded: bool = False) -> str:
    """The rows in lines of at most `width` cells; None: the terminal's width. `expanded`: a line for each value."""
    look = Look(width=width or shutil.get_terminal_size((120, 24)).columns, cell_length=_CELL_LENGTH)
    grid = grid_of(table, look)
    if expanded:
        return "\n".join([*record_lines(grid, look), footer])
    lines, hidden = cut_grid_lines(grid, look)
    return "\n".join([*lines, footer + (f", {hidden:,} of {table.num_columns:,} columns not shown" if hidden else "")])


def as_html(table: pa.Table, footer: str) -> str:
    """A table whose names and values are escaped."""
    hidden = max(table.num_columns - _HTML_COLUMNS, 0)
    shown = table.select(list(range(table.num_columns - hidden)))
    grid = grid_of(shown, Look(cell_length=_HTML_CELL_LENGTH))
    heads = "".join(
        f"<th>{escape(name)}<br><small>{escape(kind)}</small></th>"
        for name, kind in zip(grid.names, grid.types, strict=True)
    )
    aligned = ["right" if number else "left" for number in grid.numbers]
    body = "".join(f"<tr>{_html_cells(row, aligned)}</tr>" for row in grid.rows)
    note = footer + (f", {hidden:,} of {table.num_columns:,} columns not shown" if hidden else "")
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table><p>{escape(note)}</p>"


def row_count(count: int, shown: int, more: bool) -> str:
    """`3 rows`; `1,000 rows, first 20 shown`; `first 20 rows shown, there are more`."""
    if more:
        return f"first {shown:,} rows shown, there are more"
    total = f"{count:,} row" if count == 1 else f"{count:,} rows"
    return total if shown == count else f"{total}, first {shown:,} shown"


def columns_text(schema: pa.Schema) -> str:
    """`id int64, name string`, without those after the tenth."""
    return ", ".join(f"{field.name} {type_name(field.type)}" for field in list(schema)[:10]) + (
        ", …" if len(schema) > 10 else ""
    )


def _html_cells(row: list[str | None], aligned: list[str]) -> str:
    null = f"<i>{NULL}</i>"
    text: Callable[[str | None], str] = lambda cell: null if cell is None else escape(cell)  # noqa: E731
    return "".join(f'<td style="text-align: {side}">{text(cell)}</td>' for cell, side in zip(row, aligned, strict=True))
