"""A query's result as a table for people: the first rows and the number of rows."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

from supertable.entrypoints.cli.terminal.output.formatting import format_count
from supertable.entrypoints.cli.terminal.waiting import waiting

if TYPE_CHECKING:
    import pyarrow as pa

    from supertable.entrypoints.encoding.text_grids import Look

_MAX_COUNTED_ROWS = 10_000_000


def write_grid(
    reader: pa.RecordBatchReader,
    rows: int,
    started: float | None = None,
    file: TextIO | None = None,
    engine: str = "",
) -> None:
    """Print the first `rows` rows, then the row count, the seconds since `started` (`time.perf_counter`), and the
    engine that read the rows, if it is given.

    The remaining rows are only counted, up to ten million. `file` (None: standard output): where to print; on a
    terminal, long cells are wrapped, and rows that are wider than it have one line for each value.
    """
    sink = file or sys.stdout
    with waiting():
        lines = grid_text(reader, rows, started, look_of(sink), engine=engine)
    write_lines(lines, sink)


def grid_text(
    reader: pa.RecordBatchReader,
    rows: int,
    started: float | None,
    look: Look,
    expanded: bool = False,
    engine: str = "",
) -> list[str]:
    """The lines of `write_grid`. `expanded`: one line for each value, however wide the rows are."""
    from supertable.entrypoints.encoding.text_grids import grid_lines, grid_of, record_lines

    shown, count = _first(reader, rows)
    lines: list[str] = []
    if shown.num_columns:
        grid = grid_of(shown, look, with_types=False)
        fitting = None if expanded else grid_lines(grid, look)
        lines = record_lines(grid, look) if fitting is None else fitting
    return [*lines, look.dim(_footer(count, shown.num_rows, started, engine))]


def look_of(file: TextIO) -> Look:
    """How grids look there. Not on a terminal, lines are never cut and never coloured."""
    from supertable.entrypoints.cli.terminal.output.styles import bold, dim, is_coloured, terminal_width
    from supertable.entrypoints.encoding.text_grids import Look

    if not file.isatty():
        return Look()
    if not is_coloured(file):
        return Look(width=terminal_width(), wrap=True)
    return Look(width=terminal_width(), wrap=True, bold=bold, dim=dim)


def write_lines(lines: Sequence[str], file: TextIO) -> None:
    """Print the lines, with a ? for what the file's encoding does not have."""
    text = "".join(f"{line}\n" for line in lines)
    encoding = file.encoding or "utf-8"
    file.write(text.encode(encoding, "replace").decode(encoding))
    file.flush()


def _first(reader: pa.RecordBatchReader, rows: int) -> tuple[pa.Table, int]:
    """The first rows, and how many rows there are."""
    import pyarrow as pa

    kept: list[pa.RecordBatch] = []
    count = 0
    for batch in reader:
        if count < rows:
            kept.append(batch.slice(0, rows - count))
        count += batch.num_rows
        if count >= _MAX_COUNTED_ROWS:
            break
    return pa.Table.from_batches(kept, reader.schema), count


def _footer(count: int, shown: int, started: float | None, engine: str) -> str:
    elapsed = "" if started is None else f", {time.perf_counter() - started:.2f} s"
    elapsed += f", {engine}" if engine else ""
    total = f"{format_count(count, 'row')}" if count < _MAX_COUNTED_ROWS else f"at least {format_count(count, 'row')}"
    return f"({total}{elapsed})" if shown == count else f"({total}, first {shown:,} shown{elapsed})"
