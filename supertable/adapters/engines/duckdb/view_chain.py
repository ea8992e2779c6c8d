"""The view chain as DuckDB SQL: what stands in a statement where the caller wrote a table's name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice

import duckdb
import pyarrow as pa

from supertable.adapters.engines.duckdb.access_stage import FENCE, access_sql
from supertable.adapters.engines.duckdb.asked_rows import asked_columns, asked_sql
from supertable.adapters.engines.duckdb.types import converted, duckdb_type, literal, quoted
from supertable.application.ports.engines import Changes, FileSource, OpenFiles, Source, Stopped, Union
from supertable.domain.errors import InvalidStatement, ObjectDamaged, QueryCancelled
from supertable.domain.files import DataFile
from supertable.domain.row_filters import columns_of
from supertable.domain.schemas import Schema
from supertable.domain.types import DataType, Field
from supertable.domain.view_chain import Scan

_BITMAPS = pa.schema([("st_file", pa.uint64()), ("st_dead", pa.binary())])


@dataclass(frozen=True, slots=True)
class Positions:
    """Names of two more columns: the file, as its place in the scan's files, and the row's place in the file."""

    file: str
    row: str


@dataclass(slots=True)
class Sources:
    """What one query's SQL refers to: lists of files as variables, bitmaps as small tables.

    `fenced`: whether the query could fail on rows that the caller may not see; `wary`: on rows that are dead. Of such
    rows it is then asked nothing.
    """

    stored: FileSource
    fenced: bool = True
    wary: bool = True
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


def source_sql(source: Source, sources: Sources) -> str:
    """The SQL of a subquery that stands for a relation."""
    if isinstance(source, Changes):
        return changes_sql(source, sources)
    return union_sql(source, sources) if isinstance(source, Union) else scan_sql(source, sources)


def counted_sql(source: Source) -> str:
    """As many rows as the source has, by what the snapshots know; no file is opened."""
    scans = _scans(source)
    if isinstance(source, Changes):
        rows = sum(_shown_rows(scan) for scan in scans)
    else:
        rows = sum(scan.rows_total for scan in scans)
    return f"SELECT NULL FROM range({rows})"


def all_rows(source: Source) -> bool:
    """Whether the caller sees all rows of the source."""
    return all(scan.all_rows for scan in _scans(source))


def _scans(source: Source) -> list[Scan]:
    if isinstance(source, Changes):
        return [scan for step in source.steps for scan in (step.gone, step.came)]
    return list(source.scans) if isinstance(source, Union) else [source]


def _shown_rows(scan: Scan) -> int:
    hidden = sum(int.from_bytes(bits).bit_count() for bits in scan.hidden.values())
    return sum(file.rows for file in scan.files) - hidden


def scan_sql(
    scan: Scan, sources: Sources, columns: Sequence[str] | None = None, positions: Positions | None = None
) -> str:
    """One table at one version. `columns`: only these, in this order; None: all."""
    return _scan_sql(scan, sources, columns, positions, with_dead=False)


def dead_or_alive_sql(scan: Scan, sources: Sources, columns: Sequence[str], positions: Positions) -> str:
    """The same with its dead rows, for who drops them afterwards: quicker where few of the rows are of interest."""
    return _scan_sql(scan, sources, columns, positions, with_dead=True)


def _scan_sql(
    scan: Scan, sources: Sources, columns: Sequence[str] | None, positions: Positions | None, with_dead: bool
) -> str:
    shown = scan.shown
    fields = shown.fields if columns is None else tuple(_column(shown, name) for name in columns)
    if scan.access is None:
        return _rows_sql(scan, sources, fields, positions, with_dead)
    stored = [column for field in fields if (column := scan.schema.by_id(field.id))]
    tested = asked_columns(scan.asked)
    needed = {field.id for field in fields} | (columns_of(scan.access.condition) if scan.access.condition else set())
    read = [field for field in scan.schema.fields if field.id in needed or field.name in tested]
    rows = _rows_sql(scan, sources, read, positions, with_dead)
    more = [positions.file, positions.row] if positions else []
    asked = asked_sql(scan.asked, scan.schema) if sources.fenced else None
    return access_sql(scan.access, scan.schema, rows, stored, more, asked)


def _rows_sql(
    scan: Scan, sources: Sources, fields: Sequence[Field], positions: Positions | None, with_dead: bool
) -> str:
    parts = list(_parts(scan, fields, sources, positions, with_dead))
    return " UNION ALL ".join(parts) if parts else _empty(fields, positions)


def _parts(
    scan: Scan, fields: Sequence[Field], sources: Sources, positions: Positions | None, with_dead: bool
) -> Iterator[str]:
    before = 0
    for group in scan.groups:
        parts = ((group.clean + group.dirty, False),) if with_dead else ((group.clean, False), (group.dirty, True))
        for files, dirty in parts:
            if files:
                read = _Read(scan.folder, files, group.schema, before, sources, scan.hidden)
                yield read.sql(fields, dirty, positions)
                before += len(files)


@dataclass(frozen=True, slots=True)
class _Read:
    """Files of one schema, read by one `read_parquet`."""

    folder: str
    files: Sequence[DataFile]
    written: Schema
    before: int
    sources: Sources
    hidden: Mapping[str, bytes]

    def sql(self, fields: Sequence[Field], dirty: bool, positions: Positions | None) -> str:
        by_id = (dirty or positions is not None) and self._hides_numbers()
        columns = [f"{self._value(field, by_id)} AS {quoted(field.name)}" for field in fields]
        if positions:
            columns += [
                f"st_f.file_index::BIGINT + {self.before} AS {quoted(positions.file)}",
                f"st_f.file_row_number AS {quoted(positions.row)}",
            ]
        select = f"SELECT {', '.join(columns) or 'NULL'} FROM {self._read(by_id)} AS st_f"
        if not dirty:
            return select
        name = self.sources.bits(self.folder, self.files, self.hidden)
        living = (
            f"{select} JOIN (SELECT st_file, st_dead::BIT AS st_dead FROM {name}) AS st_d "
            "ON st_f.file_index = st_d.st_file WHERE get_bit(st_d.st_dead, st_f.file_row_number::INTEGER) = 0"
        )
        return f"({living}{FENCE})" if self.sources.wary else living

    def _value(self, field: Field, by_id: bool) -> str:
        written = self.written.by_id(field.id)
        if written is None:
            return f"NULL::{duckdb_type(field.type)}"
        name = _name_by_id(written) if by_id else written.name
        return converted(f"st_f.{quoted(name)}", written.type, field.type)

    def _read(self, by_id: bool) -> str:
        variable = self.sources.files(self.folder, self.files)
        schema = f", schema = {_schema_by_id(self.written)}" if by_id else ""
        return f"read_parquet(getvariable('{variable}'), hive_partitioning = false{schema})"

    def _hides_numbers(self) -> bool:
        """Whether a column of the table hides one of the columns by which DuckDB numbers files and rows."""
        return any(self.written.find(name) for name in ("file_index", "file_row_number"))


def _name_by_id(field: Field) -> str:
    return f"st_c{field.id}"


def _schema_by_id(schema: Schema) -> str:
    """Columns found by their field ids, under names that hide nothing."""
    columns = (
        f"{field.id}: {{name: '{_name_by_id(field)}', type: {literal(duckdb_type(field.type))}, default_value: NULL}}"
        for field in schema.fields
    )
    return f"MAP {{{', '.join(columns)}}}"


def _empty(fields: Iterable[Field], positions: Positions | None) -> str:
    columns = [f"NULL::{duckdb_type(field.type)} AS {quoted(field.name)}" for field in fields]
    if positions:
        columns += [f"NULL::BIGINT AS {quoted(name)}" for name in (positions.file, positions.row)]
    return f"SELECT {', '.join(columns) or 'NULL'} WHERE false"


def union_sql(union: Union, sources: Sources) -> str:
    """The union by name of a supertable's tables, with the table's name in `_table`."""
    _check_types(union)
    if not union.scans:
        return "SELECT NULL::VARCHAR AS _table WHERE false"
    return " UNION ALL BY NAME ".join(
        f"SELECT {literal(scan.table)} AS _table, * FROM ({scan_sql(scan, sources)})" for scan in union.scans
    )


def changes_sql(changes: Changes, sources: Sources) -> str:
    """Every step's rows that went and came. In a table with keys, a row that did both was updated."""
    columns = changes.schema.fields
    parts = [
        f"SELECT {_change(step.version, names, other, changes.keys, sources)} FROM ({scan_sql(scan, sources)}) AS st_r"
        for step in changes.steps
        for scan, other, names in (
            (step.gone, step.came, ("update_before", "delete")),
            (step.came, step.gone, ("update_after", "insert")),
        )
        if scan.groups
    ]
    empty = f"SELECT NULL::VARCHAR AS _change, NULL::BIGINT AS _version, * FROM ({_empty(columns, None)})"
    return " UNION ALL ".join(parts) or empty


def _change(version: int, names: tuple[str, str], other: Scan, keys: Sequence[str], sources: Sources) -> str:
    both, alone = map(literal, names)
    kind = alone
    if keys and other.groups:
        pairs = " AND ".join(f"st_o.{quoted(key)} IS NOT DISTINCT FROM st_r.{quoted(key)}" for key in keys)
        exists = f"EXISTS (SELECT 1 FROM ({scan_sql(other, sources, keys)}) AS st_o WHERE {pairs})"
        kind = f"CASE WHEN {exists} THEN {both} ELSE {alone} END"
    return f"{kind} AS _change, {version}::BIGINT AS _version, *"


def _check_types(union: Union) -> None:
    seen: dict[str, tuple[str, DataType]] = {}
    for scan in union.scans:
        for column in scan.shown.fields:
            table, kind = seen.setdefault(column.name.lower(), (scan.table, column.type))
            if _family(kind) != _family(column.type):
                raise InvalidStatement(
                    f"The tables cannot be read as one: column {column.name} is {kind} in {table} "
                    f"and {column.type} in {scan.table}. Name the table that is meant."
                )


def _family(kind: DataType) -> str:
    if kind.name == "decimal" or kind.name.startswith(("int", "uint", "float")):
        return "number"
    if kind.name in ("date", "timestamp"):
        return "zoned" if kind.timezone else "date"
    return kind.name


def _set_list(cursor: duckdb.DuckDBPyConnection, name: str, texts: list[str]) -> None:
    """Long lists as a parameter, which is quicker; short ones without, since parameters make DuckDB import pandas."""
    if len(texts) > 100:
        cursor.execute(f"SET VARIABLE {name} = ?", [texts])
    else:
        cursor.execute(f"SET VARIABLE {name} = [{', '.join(map(literal, texts))}]")


def _column(schema: Schema, name: str) -> Field:
    found = schema.find(name)
    assert found is not None, name
    return found


def as_told(location: str, key: str) -> str:
    """What the engine's messages say of a location: they turn a URL into others, all with the key in them; a path is
    without the brackets that keep a glob character literal."""
    if "://" in location:
        return key
    for sign in "*?[":
        location = location.replace(f"[{sign}]", sign)
    return location
