"""The result of a query, from Python."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from supertable.application.commits.write_result import WriteResult
from supertable.application.ports.engines import Limits, RunningQuery
from supertable.application.queries.run_query import PreparedQuery
from supertable.application.statements.requests import StatementResult
from supertable.application.statements.run_statement import RunStatement
from supertable.domain.errors import MissingExtra

if TYPE_CHECKING:
    import pandas
    import polars

_SHOWN_ROWS = 20
_SHOWN_WIDTH = 40


class Result:
    """The result of `Lake.sql`. Each of `arrow`, `batches`, `polars` and `pandas` runs the query.

    It is bound to the versions that the tables had when it was created, so every run reads the same data; the order of
    rows is fixed by ORDER BY only. Printing it, also in a notebook, shows the first 20 rows. A statement that changes
    something has run when its result is there; `write` says what it changed.
    Taking rows raises `QueryFailed` and its subclasses: `QueryTimeout`, `QueryCancelled`, `ResultTooLarge`,
    `QueryOutOfMemory`.
    """

    def __init__(
        self,
        use_case: RunStatement,
        query: PreparedQuery | StatementResult,
        parameters: Sequence[Any] | Mapping[str, Any],
        limits: Limits,
    ) -> None:
        self._use_case = use_case
        self._query = query
        self._parameters = parameters
        self._limits = limits
        self._running: RunningQuery | None = None

    @property
    def versions(self) -> dict[str, tuple[int, ...]]:
        """The versions that the query reads, by table name; several where it reads a table at several versions. Of a
        statement that changes a table, the version that it made."""
        return dict(self._query.versions)

    @property
    def write(self) -> WriteResult | None:
        """What the statement changed, which is durable; None for a query."""
        return self._query.write if isinstance(self._query, StatementResult) else None

    @property
    def verb(self) -> str:
        """The kind of statement that changed something, such as INSERT; empty for a query."""
        return self._query.verb if isinstance(self._query, StatementResult) else ""

    @property
    def has_rows(self) -> bool:
        """Whether the statement returns rows: it is a query, or has RETURNING. Else one row tells what it changed."""
        return isinstance(self._query, PreparedQuery) or self._query.returned is not None

    @property
    def schema(self) -> pa.Schema:
        """The columns of the result. Starts the query and stops it again."""
        running = self._start()
        try:
            return running.reader.schema
        finally:
            running.close()

    def batches(self) -> pa.RecordBatchReader:
        """The rows as a stream of record batches, while the engine produces them; never all in memory at once."""
        return self._start().reader

    def arrow(self) -> pa.Table:
        """All rows as a pyarrow Table."""
        return self.batches().read_all()

    def polars(self) -> polars.DataFrame:
        """All rows as a polars DataFrame. Raises `MissingExtra` when polars is not installed."""
        try:
            import polars
        except ImportError:
            raise MissingExtra("A polars DataFrame", "polars") from None
        frame = polars.from_arrow(self.arrow())
        assert isinstance(frame, polars.DataFrame)
        return frame

    def pandas(self) -> pandas.DataFrame:
        """All rows as a pandas DataFrame. Raises `MissingExtra` when pandas is not installed."""
        try:
            return self.arrow().to_pandas()
        except ImportError:
            raise MissingExtra("A pandas DataFrame", "pandas") from None

    def cancel(self) -> None:
        """Stop the run in progress, if any. May be called from any thread; the reader gets `QueryCancelled`."""
        if self._running is not None:
            self._running.cancel()

    def _start(self) -> RunningQuery:
        self._running = self._use_case.run(self._query, self._parameters, self._limits)
        return self._running

    def _first_rows(self) -> tuple[pa.Table, bool]:
        """The first rows, and whether the result has more."""
        running = self._start()
        batches: list[pa.RecordBatch] = []
        rows = 0
        try:
            schema = running.reader.schema
            for batch in running.reader:
                batches.append(batch)
                rows += batch.num_rows
                if rows > _SHOWN_ROWS:
                    break
        finally:
            running.close()
        return pa.Table.from_batches(batches, schema).slice(0, _SHOWN_ROWS), rows > _SHOWN_ROWS

    def __repr__(self) -> str:
        table, more = self._first_rows()
        rows = [table.column_names, *_cells(table)]
        widths = [max(len(row[i]) for row in rows) for i in range(table.num_columns)]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
        lines.insert(1, "  ".join("-" * width for width in widths))
        return "\n".join([*lines, _footer(table, more)])

    def _repr_html_(self) -> str:
        table, more = self._first_rows()
        head = "".join(f"<th>{escape(name)}</th>" for name in table.column_names)
        body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in _cells(table))
        footer = f"<p>{escape(_footer(table, more))}</p>"
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{footer}"


def _footer(table: pa.Table, more: bool) -> str:
    count = f"first {table.num_rows} rows; the result has more" if more else f"{table.num_rows} rows"
    return f"({count})"


def _cells(table: pa.Table) -> Iterator[list[str]]:
    """The values of each row as text. Call it with few rows: each value becomes a Python object."""
    columns = [[_cell(value) for value in column.to_pylist()] for column in table.columns]
    return (list(row) for row in zip(*columns, strict=True))


def _cell(value: object) -> str:
    text = "NULL" if value is None else str(value)
    text = text.replace("\n", "⏎")
    return text if len(text) <= _SHOWN_WIDTH else text[: _SHOWN_WIDTH - 1] + "…"
