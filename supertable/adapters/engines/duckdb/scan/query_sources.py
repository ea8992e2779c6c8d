"""What the SQL of one query refers to: lists of files, and bitmaps of dead rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice

import duckdb
import pyarrow as pa

from supertable.adapters.engines.duckdb.types import literal
from supertable.application.ports.engines import FileSource, OpenFiles, Stopped
from supertable.domain.errors import ObjectDamaged, QueryCancelled
from supertable.domain.table.data_files import DataFile

_BITMAPS = pa.schema([("st_file", pa.uint64()), ("st_dead", pa.binary())])


@dataclass(frozen=True, slots=True)
class Positions:
    """Names of two more columns: the file, as its place in the scan's files, and the row's place in the file."""

    file: str
    row: str


@dataclass(slots=True)
class Sources:
    """What one query's SQL refers to: lists of files as variables, bitmaps as small tables.

    `guard_hidden`: the query could fail on rows that the caller may not see. `guard_deleted`: it could fail on deleted
    rows. Either adds a barrier, so that no expression is evaluated on such rows.
    """

    stored: FileSource
    guard_hidden: bool = True
    guard_deleted: bool = True
    lists: dict[str, list[tuple[str, DataFile]]] = field(default_factory=dict)
    dead: dict[str, pa.Table] = field(default_factory=dict)
    opened: OpenFiles | None = None

    def bind(self, cursor: duckdb.DuckDBPyConnection, stopped: Stopped) -> None:
        """Make everything known to the cursor that will run the query. What that opens is held until `close`."""
        self.opened = self.stored.open(list(chain.from_iterable(self.lists.values())), stopped)
        locations = iter(self.opened.locations)
        for name, files in self.lists.items():
            _set_list(cursor, name, list(islice(locations, len(files))))
        for name, table in self.dead.items():
            cursor.register(name, table)
        if stopped():
            raise QueryCancelled

    def close(self) -> None:
        """The files are of no more use: the query is over."""
        if self.opened is not None:
            self.opened.close()

    def located(self) -> list[tuple[str, str, DataFile]]:
        """The files that were opened: object key, location, file."""
        files = chain.from_iterable(self.lists.values())
        locations = self.opened.locations if self.opened is not None else ()
        return [(file.key(folder), place, file) for (folder, file), place in zip(files, locations, strict=False)]

    def keys(self) -> dict[str, str]:
        """Object keys by what the engine's messages say of their locations."""
        return {as_told(place, key): key for key, place, _ in self.located()}

    def files(self, folder: str, files: Sequence[DataFile]) -> str:
        name = f"st_files_{len(self.lists)}"
        self.lists[name] = [(folder, file) for file in files]
        return name

    def bits(self, folder: str, files: Sequence[DataFile], hidden: Mapping[str, bytes]) -> str:
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
    """Long lists as a parameter, which is quicker; short ones without, since parameters make DuckDB import pandas."""
    if len(texts) > 100:
        cursor.execute(f"SET VARIABLE {name} = ?", [texts])
    else:
        cursor.execute(f"SET VARIABLE {name} = [{', '.join(map(literal, texts))}]")


def as_told(location: str, key: str) -> str:
    """What the engine's messages say of a location: they turn a URL into others, all with the key in them; a path is
    without the brackets that keep a glob character literal."""
    if "://" in location:
        return key
    for sign in "*?[":
        location = location.replace(f"[{sign}]", sign)
    return location
