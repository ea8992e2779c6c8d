"""The lists of files, the bitmaps of dead rows and the given rows that the SQL of a query refers to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any

import duckdb
import pyarrow as pa

from supertable.adapters.engines.duckdb.types import literal
from supertable.application.ports.engines.file_sources import FileSource, OpenFiles
from supertable.application.ports.engines.running_queries import Stopped
from supertable.application.ports.engines.sources import Given
from supertable.domain.errors import ObjectDamaged, QueryCancelled, SupertableError
from supertable.domain.table.data_files import DataFile

_BITMAPS = pa.schema([("st_file", pa.uint64()), ("st_dead", pa.binary())])


@dataclass(frozen=True, slots=True)
class Positions:
    """The names of two columns that locate each row: `file`, its index in the scan's files, and `row`, its position
    in that file."""

    file: str
    row: str


@dataclass(slots=True)
class Sources:
    """The sources of one query: lists of files, bound as variables, bitmaps, bound as small tables, and given rows.

    `guard_deleted`: the query may fail on deleted rows, so that a barrier must keep its expressions from them.
    `given`: given rows, and whether the query needs a table of them, since it may read them twice.
    """

    stored: FileSource
    guard_deleted: bool = True
    lists: dict[str, list[tuple[str, DataFile]]] = field(default_factory=dict)
    dead: dict[str, pa.Table] = field(default_factory=dict)
    given: dict[str, tuple[Given, bool]] = field(default_factory=dict)
    opened: OpenFiles | None = None
    refused: SupertableError | None = None

    def bind(self, cursor: duckdb.DuckDBPyConnection, stopped: Stopped) -> None:
        """Binds the lists and bitmaps to the cursor that runs the query. Opened files are held until `close`."""
        self.opened = self.stored.open(list(chain.from_iterable(self.lists.values())), stopped)
        locations = iter(self.opened.locations)
        for name, files in self.lists.items():
            _set_list(cursor, name, list(islice(locations, len(files))))
        for name, table in self.dead.items():
            cursor.register(name, table)
        for name, (rows, as_table) in self.given.items():
            bind_stream(cursor, name, self._stream(rows), as_table)
        if stopped():
            raise QueryCancelled

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
        """Adds a list of files. Returns the name of its variable."""
        name = f"st_files_{len(self.lists)}"
        self.lists[name] = [(folder, file) for file in files]
        return name

    def register_bitmaps(self, folder: str, files: Sequence[DataFile], hidden: Mapping[str, bytes]) -> str:
        """Adds the bitmaps of the files, in their order. Returns the name of their table."""
        name = f"st_dead_{len(self.dead)}"
        bitmaps = [hidden[file.path] if file.path in hidden else self._bitmap(folder, file) for file in files]
        self.dead[name] = pa.table([range(len(files)), bitmaps], schema=_BITMAPS)
        return name

    def register_given(self, rows: Given, as_table: bool) -> str:
        """Adds given rows. Returns the name of their table."""
        name = f"st_given_{len(self.given)}"
        self.given[name] = rows, as_table
        return name

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

    def _bitmap(self, folder: str, file: DataFile) -> bytes:
        bitmap = self.stored.bitmap(folder, file)
        if len(bitmap) * 8 < file.rows:
            assert file.deletes is not None
            raise ObjectDamaged(file.deletes.key(folder), "it is shorter than the data file it belongs to")
        return bitmap


def bind_stream(cursor: duckdb.DuckDBPyConnection, name: str, stream: Any, as_table: bool, order: str = "") -> None:
    """Registers an Arrow stream under a name, or makes a temporary table of it, with its rows in the given order."""
    cursor.register(f"{name}_once" if as_table else name, stream)
    if as_table:
        cursor.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS FROM {name}_once{order}")
        cursor.unregister(f"{name}_once")


def _set_list(cursor: duckdb.DuckDBPyConnection, name: str, texts: list[str]) -> None:
    """Sets a variable: long lists as a parameter, which is faster, and short ones as literals, since parameters make
    DuckDB import pandas."""
    if len(texts) > 100:
        cursor.execute(f"SET VARIABLE {name} = ?", [texts])
    else:
        cursor.execute(f"SET VARIABLE {name} = [{', '.join(map(literal, texts))}]")


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
