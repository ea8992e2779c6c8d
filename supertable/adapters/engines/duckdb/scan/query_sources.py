"""The lists of files and the bitmaps of dead rows that the SQL of a query refers to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice

import duckdb
import pyarrow as pa

from supertable.adapters.engines.duckdb.types import literal
from supertable.application.ports.engines import FileSource, OpenFiles, Stopped
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
    """The sources of one query: lists of files, bound as variables, and bitmaps, bound as small tables.

    `guard_deleted`: the query may fail on deleted rows, so that a barrier must keep its expressions from them.
    """

    stored: FileSource
    guard_deleted: bool = True
    lists: dict[str, list[tuple[str, DataFile]]] = field(default_factory=dict)
    dead: dict[str, pa.Table] = field(default_factory=dict)
    opened: OpenFiles | None = None

    def bind(self, cursor: duckdb.DuckDBPyConnection, stopped: Stopped) -> None:
        """Binds the lists and bitmaps to the cursor that runs the query. Opened files are held until `close`."""
        self.opened = self.stored.open(list(chain.from_iterable(self.lists.values())), stopped)
        locations = iter(self.opened.locations)
        for name, files in self.lists.items():
            _set_list(cursor, name, list(islice(locations, len(files))))
        for name, table in self.dead.items():
            cursor.register(name, table)
        if stopped():
            raise QueryCancelled

    def close(self) -> None:
        """Releases the opened files at the end of the query."""
        if self.opened is not None:
            self.opened.close()

    def failure(self) -> SupertableError | None:
        """The first error of a read of the opened files through us."""
        return self.opened.failure if self.opened is not None else None

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

    def _bitmap(self, folder: str, file: DataFile) -> bytes:
        bitmap = self.stored.bitmap(folder, file)
        if len(bitmap) * 8 < file.rows:
            assert file.deletes is not None
            raise ObjectDamaged(file.deletes.key(folder), "it is shorter than the data file it belongs to")
        return bitmap


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
