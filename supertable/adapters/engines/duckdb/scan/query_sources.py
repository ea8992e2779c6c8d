"""The lists of files, the rows without files, the bitmaps of dead rows and the given rows that the SQL of a query
refers to.

DuckDB gets the locations of files as one text, which it splits: a literal of each costs more, and so does a variable.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, count, islice
from typing import Any

import duckdb
import pyarrow as pa

from supertable.adapters.engines.duckdb.scan.inline_tables import InlineTable
from supertable.adapters.engines.duckdb.scan.kept_bitmaps import KeptBitmaps
from supertable.adapters.engines.duckdb.types import literal, quoted
from supertable.application.ports.engines.file_sources import OpenFiles
from supertable.application.ports.engines.running_queries import Stopped
from supertable.application.ports.engines.sources import Given
from supertable.domain.errors import QueryCancelled, SupertableError
from supertable.domain.table.data_files import DataFile

_MARK = re.compile("\0(\\w+)\0")
_LEAST_ROWS_FOR_STATISTICS = 10_000
"""On average in each file."""


@dataclass(frozen=True, slots=True)
class Positions:
    """The names of two columns that locate each row: `file`, its index in the scan's files, and `row`, its position
    in that file."""

    file: str
    row: str


@dataclass(slots=True)
class Sources:
    """The sources of one query: lists of files, bitmaps and rows of files without objects (`inline`), for which its SQL
    has marks, and given rows.

    `tables`: of bitmaps and inline rows, as DuckDB holds them; a view of each would cost as much again.
    `guard_deleted`: the query may fail on deleted rows, so that a barrier must keep its expressions from them.
    `joined`: the query joins relations, so that DuckDB has to estimate how many rows each step yields.
    `given`: given rows, and whether the query needs a table of them, since it may read them twice.
    """

    stored: KeptBitmaps
    guard_deleted: bool = True
    joined: bool = False
    inline: dict[str, InlineTable] = field(default_factory=dict)
    lists: dict[str, list[tuple[str, DataFile]]] = field(default_factory=dict)
    dead: dict[str, pa.Table | InlineTable] = field(default_factory=dict)
    given: dict[str, tuple[Given, bool]] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    tables: dict[str, Any] = field(default_factory=dict)
    opened: OpenFiles | None = None
    refused: SupertableError | None = None

    def bind(self, cursor: duckdb.DuckDBPyConnection, stopped: Stopped) -> None:
        """Opens the files, until `close`, and binds the bitmaps and given rows to the cursor that runs the query."""
        self.opened = self.stored.open(list(chain.from_iterable(self.lists.values())), stopped)
        locations = iter(self.opened.locations)
        self.places = {
            name: self._files_sql(list(islice(locations, len(files))), files) for name, files in self.lists.items()
        }
        self.tables = {name: cursor._register_source(table) for name, table in (self.dead | self.inline).items()}
        self.places |= {name: quoted(table.name) for name, table in self.tables.items()}
        for name, (rows, as_table) in self.given.items():
            bind_stream(cursor, name, self._stream(rows), as_table)
        if stopped():
            raise QueryCancelled

    def placed(self, sql: str) -> str:
        """The SQL with the locations of the opened files. Statements of callers have no NUL, so no mark."""
        return _MARK.sub(lambda mark: self.places[mark[1]], sql)

    def close(self) -> None:
        """Releases the opened files at the end of the query."""
        if self.opened is not None:
            self.opened.close()

    def failure(self) -> SupertableError | None:
        """The first error of a read of the opened files or given rows through us."""
        return self.refused or (self.opened.failure if self.opened is not None else None)

    def located(self) -> list[tuple[str, str, DataFile]]:
        """The opened files: object key, location, file."""
        files = chain.from_iterable(self.lists.values())
        locations = self.opened.locations if self.opened is not None else ()
        return [(file.key(folder), place, file) for (folder, file), place in zip(files, locations, strict=False)]

    def keys(self) -> dict[str, str]:
        """The object keys by the locations that the engine's messages name."""
        return {location_in_messages(place, key): key for key, place, _ in self.located()}

    def register_files(self, folder: str, files: Sequence[DataFile]) -> str:
        """Adds a list of files. Returns its mark in the SQL."""
        name = f"st_files_{len(self.lists)}"
        self.lists[name] = [(folder, file) for file in files]
        return f"\0{name}\0"

    def register_bitmaps(self, folder: str, files: Sequence[DataFile], hidden: Mapping[str, bytes]) -> str:
        """Adds the bitmaps of the files, in their order. Returns the mark of their table."""
        name = f"st_dead_{len(self.dead)}"
        self.dead[name] = self.stored.bitmaps(folder, files, hidden)
        return f"\0{name}\0"

    def register_inline(
        self, folder: str, files: Sequence[DataFile], hidden: Mapping[str, bytes] | None, before: int
    ) -> str:
        """Adds the rows of files without objects. Returns the mark of their table. See `KeptBitmaps.located_rows`."""
        name = f"st_inline_{len(self.inline)}"
        self.inline[name] = self.stored.located_rows(folder, files, hidden, before)
        return f"\0{name}\0"

    def register_given(self, rows: Given, as_table: bool) -> str:
        """Adds given rows. Returns the name of their table."""
        name = f"st_given_{len(self.given)}"
        self.given[name] = rows, as_table
        return name

    def _files_sql(self, locations: list[str], files: Sequence[tuple[str, DataFile]]) -> str:
        """The first arguments of `read_parquet`. Of several files DuckDB knows no statistics, and joins in a bad order,
        unless it may read all footers first. That takes time for each file, and too much of it where they are far
        away."""
        rows = sum(file.rows for _, file in files)
        near = all(location.startswith("/") for location in locations)
        enough = len(files) > 1 and rows >= len(files) * _LEAST_ROWS_FOR_STATISTICS
        return _list_sql(locations) + (
            f", maximum_files_for_stats = {len(files)}" if self.joined and near and enough else ""
        )

    def _stream(self, rows: Given) -> Any:
        """The rows as an Arrow capsule: DuckDB pushes nothing into it, and refuses to read it twice."""
        reader = rows.read()
        return pa.RecordBatchReader.from_batches(reader.schema, self._watched(reader)).__arrow_c_stream__()

    def _watched(self, reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
        """The batches. An error is kept, since the engine that reads them passes on its text only."""
        try:
            yield from reader
        except SupertableError as error:
            self.refused = error
            raise


def bind_stream(cursor: duckdb.DuckDBPyConnection, name: str, stream: Any, as_table: bool, order: str = "") -> None:
    """Registers an Arrow stream under a name, or makes a temporary table of it, with its rows in the given order."""
    cursor.register(f"{name}_once" if as_table else name, stream)
    if as_table:
        cursor.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS FROM {name}_once{order}")
        cursor.unregister(f"{name}_once")


def _list_sql(texts: list[str]) -> str:
    signs = set().union(*texts)
    between = next(sign for sign in map(chr, count(1)) if sign not in signs)
    return f"string_split({literal(between.join(texts))}, {literal(between)})"


def location_in_messages(location: str, key: str) -> str:
    """The part of a location that the engine's messages are sure to contain.

    They rewrite the addresses of httpfs, but keep the object key in them. They show paths without the brackets around
    glob characters.
    """
    if location.startswith("http"):
        return key
    for sign in "*?[":
        location = location.replace(f"[{sign}]", sign)
    return location
