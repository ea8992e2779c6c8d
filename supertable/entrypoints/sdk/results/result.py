"""The result of a query, from Python."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from html import escape
from itertools import islice
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, overload

import pyarrow as pa

from supertable.application.commits.write_result import WriteResult
from supertable.application.queries.result_batches import with_distinct_names
from supertable.application.queries.run_query import PreparedQuery
from supertable.application.statements.requests import StatementResult
from supertable.domain.errors import Closed, InvalidInput, NotKept
from supertable.entrypoints.encoding.output_files import require_encoding, write_file
from supertable.entrypoints.encoding.python_rows import Row, python_rows
from supertable.entrypoints.encoding.results import Encoding
from supertable.entrypoints.sdk.door import door
from supertable.entrypoints.sdk.results.display import as_html, as_text, columns_text, row_count
from supertable.entrypoints.sdk.results.frames import pandas_frame, polars_frame
from supertable.entrypoints.sdk.results.query_rows import KeptRows, QueryRows, StreamedRows
from supertable.entrypoints.sdk.results.spilled_batches import SpilledBatches

if TYPE_CHECKING:
    from pandas import DataFrame as PandasFrame
    from polars import DataFrame as PolarsFrame

_SHOWN_ROWS = 20
File = str | PathLike[str]


@door
class Result:
    """The rows of a statement, which ran once, over the versions that `versions` names.

        for id, price in lake.sql("SELECT id, price FROM orders"): ...
        frame = lake.sql("FROM orders").polars()
        lake.sql("FROM orders").to_csv("orders.csv.gz")

    The rows are read when they are first needed, and kept: in memory, large results in a temporary file. Each use gives
    all rows again; only `fetchone`, `fetchmany` and `fetchall` go on where the last of them stopped. With `stream=True`
    the rows are not kept: they can be taken once, and `NotKept` is raised after that, never an empty answer.

    Printing it, also in a notebook, shows the first 20 rows. A result frees what it holds when it is garbage-collected,
    at the end of a `with` block, or by `close`. It stays readable after its lake is closed if all rows were read; small
    results are read at once. Taking rows raises `QueryFailed` and its subclasses: `QueryTimeout`, `QueryCancelled`,
    `ResultTooLarge`, `QueryOutOfMemory`; and `Closed`. `write` says what another statement than a query changed.
    """

    def __init__(self, rows: QueryRows, ran: PreparedQuery | StatementResult, spilled: SpilledBatches | None) -> None:
        """`ran`: the query, or what another statement did. `spilled`: where rows are kept that memory does not hold;
        None: the rows are streamed."""
        self._query = rows
        self._rows: KeptRows | StreamedRows = KeptRows(rows, spilled) if spilled else StreamedRows(rows)
        self._ran = ran
        self._fetched: Iterator[Row] | None = None
        self._at_end = False
        self._is_closed = False

    @property
    def schema(self) -> pa.Schema:
        """The columns, as a pyarrow Schema."""
        return self._query.schema

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return list(self._query.schema.names)

    @property
    def versions(self) -> dict[str, tuple[int, ...]]:
        """The versions that the query reads, by table name; several where it reads a table at several versions. Of a
        statement that changes a table, the version that it made."""
        return dict(self._ran.versions)

    @property
    def write(self) -> WriteResult | None:
        """What the statement changed, which is durable; None for a query."""
        return self._ran.write if isinstance(self._ran, StatementResult) else None

    @property
    def verb(self) -> str:
        """The kind of statement that changed something, such as INSERT; empty for a query."""
        return self._ran.verb if isinstance(self._ran, StatementResult) else ""

    @property
    def has_rows(self) -> bool:
        """Whether the statement returns rows: it is a query, or has RETURNING. Else one row tells what it changed."""
        return isinstance(self._ran, PreparedQuery) or self._ran.returned is not None

    @property
    def engine(self) -> str:
        """The engine that runs the query, such as `lite`; of INSERT and other statements, the one that read what they
        wrote; empty if they read nothing."""
        return self._ran.chosen.name if self._ran.chosen else ""

    @property
    def engine_reason(self) -> str:
        """Why that engine runs the query, in sentences."""
        return self._ran.chosen.reason if self._ran.chosen else ""

    @property
    def elapsed(self) -> float:
        """The seconds that the query took until its last row, or so far. Time between two reads is not counted."""
        return self._query.seconds

    def batches(self) -> pa.RecordBatchReader:
        """The rows as a stream of record batches, never all in memory at once."""
        return pa.RecordBatchReader.from_batches(self.schema, self._batches())

    def arrow(self) -> pa.Table:
        """All rows as a pyarrow Table."""
        return pa.Table.from_batches(self._batches(in_memory=True), self.schema)

    def polars(self) -> PolarsFrame:
        """All rows as a polars DataFrame. Raises `MissingExtra` when polars is not installed."""
        return polars_frame(self.arrow())

    def pandas(self) -> PandasFrame:
        """All rows as a pandas DataFrame. Raises `MissingExtra` when pandas is not installed."""
        return pandas_frame(self.arrow())

    df = to_pandas = pandas
    to_polars = polars

    def fetchone(self) -> Row | None:
        """The next row as a tuple; None after the last."""
        rows = self.fetchmany(1)
        return rows[0] if rows else None

    def fetchmany(self, size: int = 1) -> list[Row]:
        """The next rows, at most `size`, as tuples; empty after the last."""
        rows = list(islice(self._remaining(), size))
        self._at_end = len(rows) < size
        return rows

    def fetchall(self) -> list[Row]:
        """The rows that `fetchone` and `fetchmany` have left, as tuples: all rows if they took none.

        It raises `NotKept` where the rows are streamed and the last call has come to their end.
        """
        if self._at_end and isinstance(self._rows, StreamedRows):
            self._fetched = None
        rows = list(self._remaining())
        self._fetched, self._at_end = None, False
        return rows

    def to_dicts(self) -> list[dict[str, Any]]:
        """All rows as dictionaries. Columns of the same name are numbered: `id`, `id_1`."""
        reader = with_distinct_names(self.batches())
        names = reader.schema.names
        return [dict(zip(names, row, strict=True)) for row in python_rows(reader)]

    def show(self, rows: int = _SHOWN_ROWS, *, width: int | None = None, expanded: bool = False) -> None:
        """Print the first `rows` rows. `width`: characters of a line; None: the terminal's. `expanded`: one line for
        each value."""
        sys.stdout.write(self._text(rows, width, expanded) + "\n")

    def to_csv(self, file: File) -> None:
        """Write all rows to a CSV file, compressed if its name ends in .gz or .zst. An existing file is replaced."""
        self._write(file, Encoding.CSV)

    def to_json(self, file: File) -> None:
        """Write all rows to a file as an array of JSON objects, compressed as in `to_csv`."""
        self._write(file, Encoding.JSON)

    def to_ndjson(self, file: File) -> None:
        """Write all rows to a file as one JSON object per line, compressed as in `to_csv`."""
        self._write(file, Encoding.NDJSON)

    def to_parquet(self, file: File) -> None:
        """Write all rows to a Parquet file. An existing file is replaced."""
        self._write(file, Encoding.PARQUET)

    @overload
    def to_arrow(self) -> pa.Table: ...

    @overload
    def to_arrow(self, file: File) -> None: ...

    def to_arrow(self, file: File | None = None) -> pa.Table | None:
        """Write all rows to an Arrow file; a name in .arrows gives a stream. Without a file: the same as `arrow`."""
        if file is None:
            return self.arrow()
        self._write(file, Encoding.ARROW if Path(file).suffix == ".arrows" else Encoding.ARROW_FILE)
        return None

    def save(self, file: File) -> None:
        """Write all rows to a file in the format that its suffix names, such as `orders.csv.gz` or `orders.parquet`.

        Raises `InvalidInput` for other suffixes.
        """
        self._write(file, require_encoding(Path(file)))

    def cancel(self) -> None:
        """Stop the query if it still runs. May be called from any thread; the reader gets `QueryCancelled`."""
        self._query.cancel()

    def close(self) -> None:
        """Free the cursor, the lease and the rows. Every use after that raises `Closed`. No-op the second time."""
        self._is_closed = True
        self._query.close()
        if isinstance(self._rows, KeptRows):
            self._rows.close()

    def __iter__(self) -> Iterator[Row]:
        """The rows as tuples, as `fetchall` gives them."""
        return python_rows(self._batches())

    def __len__(self) -> int:
        """The number of rows. Reads the result to its end."""
        self._require_open()
        if isinstance(self._rows, StreamedRows):
            raise NotKept("The number of rows of a streamed result is not known. Count them while you read them.")
        return self._rows.complete()

    def __bool__(self) -> bool:
        """Whether it has rows."""
        self._require_open()
        if isinstance(self._rows, StreamedRows):
            raise NotKept("Whether a streamed result has rows is not known. Read them.")
        return any(batch.num_rows for batch in self._batches())

    def __arrow_c_schema__(self) -> object:
        return self.schema.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.batches().__arrow_c_stream__(requested_schema)

    def __enter__(self) -> Result:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return self._summary() or self._text(_SHOWN_ROWS, None, False)

    def _repr_html_(self) -> str:
        if self._summary():
            return f"<p>{escape(self._summary())}</p>"
        return as_html(*self._first(_SHOWN_ROWS))

    def _summary(self) -> str:
        """What is shown of a result whose rows cannot be shown; empty for others."""
        if self._is_closed:
            return "<Result: closed>"
        return f"<Result: {columns_text(self.schema)}; streamed>" if isinstance(self._rows, StreamedRows) else ""

    def _text(self, rows: int, width: int | None, expanded: bool) -> str:
        return as_text(*self._first(rows), width, expanded)

    def _first(self, limit: int) -> tuple[pa.Table, str]:
        """The first rows, and a sentence on how many there are."""
        batches: list[pa.RecordBatch] = []
        rows = 0
        for batch in self._batches():
            batches.append(batch)
            rows += batch.num_rows
            if rows > limit:
                break
        shown = pa.Table.from_batches(batches, self.schema).slice(0, limit)
        total = self._rows.count if isinstance(self._rows, KeptRows) and self._query.ended else rows
        more = rows > limit and not self._query.ended
        return shown, f"({row_count(total, shown.num_rows, more)})"

    def _remaining(self) -> Iterator[Row]:
        self._require_open()
        if self._fetched is None:
            self._fetched = python_rows(self._batches())
        return self._fetched

    def _batches(self, in_memory: bool = False) -> Iterator[pa.RecordBatch]:
        self._require_open()
        return self._rows.batches(in_memory) if isinstance(self._rows, KeptRows) else self._rows.batches()

    def _write(self, file: File, encoding: Encoding) -> None:
        try:
            write_file(self.batches(), Path(file), encoding)
        except OSError as error:
            raise InvalidInput(f"Cannot write {str(file)!r}: {error.strerror or error}. Nothing was written.") from None

    def _require_open(self) -> None:
        if self._is_closed:
            raise Closed("This result was closed. Run the query again with lake.sql.")
