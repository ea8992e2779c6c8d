"""The view chain as DuckDB SQL: the subquery that replaces a table's name in a statement."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from supertable.adapters.engines.duckdb.scan.access_sql import access_sql
from supertable.adapters.engines.duckdb.scan.predicate_sql import residual_columns, residual_sql
from supertable.adapters.engines.duckdb.scan.query_sources import Positions, Sources
from supertable.adapters.engines.duckdb.types import converted, duckdb_type, literal, quoted
from supertable.application.storage.inline_rows import FILE, ROW, column_of
from supertable.domain.access.row_filters import columns_of
from supertable.domain.scan.predicates import ALWAYS
from supertable.domain.scan.scan_plan import AccessStage, FileGroup, Scan
from supertable.domain.schema.schemas import Schema
from supertable.domain.schema.types import Field
from supertable.domain.table.data_files import DataFile

_FENCE = " LIMIT 9223372036854775807"
"""A barrier: DuckDB evaluates no expression of the statement on a row before the condition below it is true."""


def scan_sql(
    scan: Scan, sources: Sources, columns: Sequence[str] | None = None, positions: Positions | None = None
) -> str:
    """The live rows of one table at one version. `columns`: only these, in this order; None: all.

    `positions`: names of two more columns that locate each row; None: without them.
    """
    return _scan_sql(scan, sources, columns, positions, with_dead=False)


def scan_with_dead_rows_sql(scan: Scan, sources: Sources, columns: Sequence[str], positions: Positions) -> str:
    """Like `scan_sql`, but with dead rows, which the caller must drop. Faster where few of the rows are needed."""
    return _scan_sql(scan, sources, columns, positions, with_dead=True)


def _scan_sql(
    scan: Scan, sources: Sources, columns: Sequence[str] | None, positions: Positions | None, with_dead: bool
) -> str:
    shown = scan.shown
    fields = shown.fields if columns is None else tuple(_column(shown, name) for name in columns)
    if scan.access is None and scan.residual == ALWAYS:
        return _rows_sql(scan, sources, fields, positions, with_dead)
    access = scan.access or AccessStage()
    stored = [column for field in fields if (column := scan.schema.by_id(field.id))]
    tested = residual_columns(scan.residual)
    needed = {field.id for field in fields} | (columns_of(access.condition) if access.condition else set())
    read = [field for field in scan.schema.fields if field.id in needed or field.name in tested]
    rows = _rows_sql(scan, sources, read, positions, with_dead)
    more = [positions.file, positions.row] if positions else []
    residual = "" if scan.residual == ALWAYS else residual_sql(scan.residual, scan.schema)
    return access_sql(access, scan.schema, rows, stored, more, residual)


def _rows_sql(
    scan: Scan, sources: Sources, fields: Sequence[Field], positions: Positions | None, with_dead: bool
) -> str:
    parts = list(_parts(scan, fields, sources, positions, with_dead))
    return " UNION ALL ".join(parts) if parts else empty_sql(fields, positions)


def _parts(
    scan: Scan, fields: Sequence[Field], sources: Sources, positions: Positions | None, with_dead: bool
) -> Iterator[str]:
    before = 0
    for group in scan.groups:
        parts = (((*group.clean, *group.dirty), False),) if with_dead else ((group.clean, False), (group.dirty, True))
        for files, dirty in parts:
            if files:
                read = _Read(scan.folder, files, group.schema, before, sources, scan.hidden)
                yield read.sql(fields, dirty, positions)
                before += len(files)
    for group in scan.groups:
        if group.inline:
            yield _inline_sql(scan, group, before, fields, sources, positions, with_dead)
            before += len(group.inline)


def _inline_sql(
    scan: Scan,
    group: FileGroup,
    before: int,
    fields: Sequence[Field],
    sources: Sources,
    positions: Positions | None,
    with_dead: bool,
) -> str:
    """The rows of files without objects. `before`: how many files of the scan come before them."""
    columns = [f"{_inline_value(group.schema.by_id(field.id), field)} AS {quoted(field.name)}" for field in fields]
    if positions:
        columns += [f"{FILE} AS {quoted(positions.file)}", f"{ROW} AS {quoted(positions.row)}"]
    name = sources.register_inline(scan.folder, group.inline, None if with_dead else scan.hidden, before)
    return f"SELECT {', '.join(columns) or 'NULL'} FROM {name}"


def _inline_value(written: Field | None, field: Field) -> str:
    if written is None:
        return f"NULL::{duckdb_type(field.type)}"
    return converted(column_of(field.id), written.type, field.type)


@dataclass(frozen=True, slots=True)
class _Read:
    """Files of one schema, read by one `read_parquet`. `before`: how many files of the scan come before them."""

    folder: str
    files: Sequence[DataFile]
    written: Schema
    before: int
    sources: Sources
    hidden: Mapping[str, bytes]

    def sql(self, fields: Sequence[Field], dirty: bool, positions: Positions | None) -> str:
        by_id = (dirty or positions is not None) and self._shadows_numbering()
        columns = [f"{self._value(field, by_id)} AS {quoted(field.name)}" for field in fields]
        if positions:
            columns += [
                f"st_f.file_index::BIGINT + {self.before} AS {quoted(positions.file)}",
                f"st_f.file_row_number AS {quoted(positions.row)}",
            ]
        select = f"SELECT {', '.join(columns) or 'NULL'} FROM {self._read(by_id)} AS st_f"
        if not dirty:
            return select
        name = self.sources.register_bitmaps(self.folder, self.files, self.hidden)
        live = (  # an inner join may copy the bitmap for each of its rows, which an operator above then drops
            f"{select} SEMI JOIN (SELECT st_file, st_dead::BIT AS st_dead FROM {name}) AS st_d "
            "ON st_f.file_index = st_d.st_file AND get_bit(st_d.st_dead, st_f.file_row_number::INTEGER) = 0"
        )
        return f"({live}{_FENCE})" if self.sources.guard_deleted else live

    def _value(self, field: Field, by_id: bool) -> str:
        written = self.written.by_id(field.id)
        if written is None:
            return f"NULL::{duckdb_type(field.type)}"
        name = _name_by_id(written) if by_id else written.name
        return converted(f"st_f.{quoted(name)}", written.type, field.type)

    def _read(self, by_id: bool) -> str:
        files = self.sources.register_files(self.folder, self.files)
        schema = f", schema = {_schema_by_id(self.written)}" if by_id else ""
        return f"read_parquet({files}, hive_partitioning = false{schema})"

    def _shadows_numbering(self) -> bool:
        """Whether a column of the table has the name of one in which DuckDB numbers files or rows."""
        return any(self.written.find(name) for name in ("file_index", "file_row_number"))


def _name_by_id(field: Field) -> str:
    return column_of(field.id)


def _schema_by_id(schema: Schema) -> str:
    """DuckDB's `schema` option: columns are found by field id, and get names that shadow no other column."""
    columns = (
        f"{field.id}: {{name: '{_name_by_id(field)}', type: {literal(duckdb_type(field.type))}, default_value: NULL}}"
        for field in schema.fields
    )
    return f"MAP {{{', '.join(columns)}}}"


def empty_sql(fields: Iterable[Field], positions: Positions | None) -> str:
    """A query of these columns without rows."""
    columns = [f"NULL::{duckdb_type(field.type)} AS {quoted(field.name)}" for field in fields]
    if positions:
        columns += [f"NULL::BIGINT AS {quoted(name)}" for name in (positions.file, positions.row)]
    return f"SELECT {', '.join(columns) or 'NULL'} WHERE false"


def unused_name(name: str, columns: Iterable[str]) -> str:
    """`name`, extended until no column has it."""
    taken = {column.lower() for column in columns}
    while name in taken:
        name += "_"
    return name


def unused_positions(schema: Schema) -> Positions:
    return Positions(file=unused_name("st_file", schema.names), row=unused_name("st_row", schema.names))


def _column(schema: Schema, name: str) -> Field:
    found = schema.find(name)
    assert found is not None, name
    return found
