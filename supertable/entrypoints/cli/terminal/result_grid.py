"""A query's result as a table for people: the first rows and the number of rows."""

from __future__ import annotations

import time
from io import TextIOWrapper
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    import pyarrow as pa

_MAX_COUNTED_ROWS = 10_000_000
_CELL_LENGTH = 100
_NULL = "null"


def write_grid(
    reader: pa.RecordBatchReader, rows: int, started: float | None = None, sink: BinaryIO | None = None
) -> None:
    """Print the first `rows` rows, then the row count and the seconds since `started` (`time.perf_counter`).

    The remaining rows are only counted, up to ten million. `sink` (None: standard output) receives UTF-8, uncut.
    """
    import pyarrow as pa

    from supertable.entrypoints.cli.terminal.console import console

    kept: list[pa.RecordBatch] = []
    count = 0
    for batch in reader:
        if count < rows:
            kept.append(batch.slice(0, rows - count))
        count += batch.num_rows
        if count >= _MAX_COUNTED_ROWS:
            break
    screen = console()
    if sink is not None:
        screen.file = TextIOWrapper(sink, encoding="utf-8")
        screen.width = 100_000
    table = pa.Table.from_batches(kept, reader.schema)
    if table.num_columns:
        screen.print(_grid(table))
    screen.print(_footer(count, table.num_rows, started), style="dim")
    screen.file.flush()
    if sink is not None:
        screen.file.detach()  # type: ignore[attr-defined]


def _grid(table: pa.Table) -> object:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    columns = []
    for field, column in zip(table.schema, table.columns, strict=True):
        grid.add_column(
            Text(_printable(field.name)), justify="right" if _is_number(field.type) else "left", overflow="fold"
        )
        columns.append(_column_cells(column))
    for row in zip(*columns, strict=True):
        grid.add_row(*(Text(_NULL, style="dim italic") if cell is None else Text(_printable(cell)) for cell in row))
    return grid


def _column_cells(column: pa.ChunkedArray) -> list[str | None]:
    from supertable.entrypoints.encoding.values import cells

    return [cell for chunk in column.chunks for cell in cells(chunk)]


def _is_number(type_: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_integer(type_) or pa.types.is_floating(type_) or pa.types.is_decimal(type_))


def _printable(text: str) -> str:
    """Escapes control characters, which could move the cursor or colour the terminal, and cuts long text."""
    short = text if len(text) <= _CELL_LENGTH else text[: _CELL_LENGTH - 1] + "…"
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in short)


def _footer(count: int, shown: int, started: float | None) -> str:
    from supertable.entrypoints.cli.terminal.formatting import format_count

    elapsed = "" if started is None else f", {time.perf_counter() - started:.2f} s"
    total = f"{format_count(count, 'row')}" if count < _MAX_COUNTED_ROWS else f"at least {format_count(count, 'row')}"
    return f"({total}{elapsed})" if shown == count else f"({total}, first {shown:,} shown{elapsed})"
