"""The row finder port over DuckDB: probes data files for keys and predicates, and says where the rows are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from supertable.adapters.engines.duckdb.damage import known_of
from supertable.adapters.engines.duckdb.errors import translated
from supertable.adapters.engines.duckdb.evaluation import evaluator
from supertable.adapters.engines.duckdb.instance import DuckDBInstance
from supertable.adapters.engines.duckdb.queries import BATCH_ROWS
from supertable.adapters.engines.duckdb.row_predicates import RowPredicate, checked_predicate
from supertable.adapters.engines.duckdb.types import duckdb_type, quoted
from supertable.adapters.engines.duckdb.view_chain import Locate, Positions, Sources, scan_sql
from supertable.application.ports.engines import BitmapSource, CheckedPredicate, KeyMatches
from supertable.domain.schemas import Schema
from supertable.domain.view_chain import Scan

_BATCH, _NUMBER = "st_batch", "st_number"
_AT = Positions(file="st_file", row="st_row")
Found = dict[str, pa.Array]


class DuckDBRowFinder:
    """Every answer is exact: keys are compared as DuckDB compares them, with NaN and nulls equal to themselves."""

    def __init__(self, instance: DuckDBInstance, locate: Locate, bitmaps: BitmapSource) -> None:
        self._instance = instance
        self._locate = locate
        self._bitmaps = bitmaps

    def duplicates(self, batch: pa.Table, keys: Sequence[str], sequence: str | None) -> pa.Array | None:
        given = _numbered(batch, [*keys, *_optional(sequence)])
        group = ", ".join(quoted(key) for key in keys)
        newest = f"max({_NUMBER})" if sequence is None else f"arg_max({_NUMBER}, {_order(sequence)})"
        with self._opened(Sources(self._locate, self._bitmaps)) as cursor:
            cursor.register(_BATCH, given)
            kept = cursor.execute(f"SELECT {newest} AS n FROM {_BATCH} GROUP BY {group} ORDER BY n").to_arrow_table()
        return None if kept.num_rows == batch.num_rows else kept["n"].combine_chunks()

    def matching_keys(self, scan: Scan, batch: pa.Table, keys: Sequence[str], sequence: str | None) -> KeyMatches:
        sources = Sources(self._locate, self._bitmaps)
        columns = [*keys, *_optional(sequence)]
        rows = scan_sql(scan, sources, columns, _AT)
        stale = "false" if sequence is None else _newer(f"f.{quoted(sequence)}", f"b.{quoted(sequence)}")
        sql = (
            f"SELECT f.{_AT.file}, f.{_AT.row}, b.{_NUMBER}, {stale} AS stale FROM ({rows}) AS f "
            f"JOIN ({_typed(scan.schema, columns)}) AS b ON {_equal(batch, keys)}"
        )
        with self._opened(sources) as cursor:
            cursor.register(_BATCH, _numbered(batch, columns))
            found = cursor.execute(sql).to_arrow_table()
        newer = found["stale"]
        losers = pc.unique(found.filter(newer)[_NUMBER].combine_chunks())
        return KeyMatches(_by_file(scan, found.filter(pc.invert(newer))), losers.take(pc.array_sort_indices(losers)))

    def matching_predicate(self, scan: Scan, predicate: CheckedPredicate) -> Found:
        assert isinstance(predicate, RowPredicate)
        sources = Sources(self._locate, self._bitmaps)
        rows = scan_sql(scan, sources, list(predicate.columns), _AT)
        sql = f"SELECT {_AT.file}, {_AT.row} FROM ({rows}) AS st_rows WHERE {predicate.text}"
        with self._opened(sources) as cursor:
            return _by_file(scan, cursor.execute(sql).to_arrow_table())

    @contextmanager
    def completed(self, given: Scan, table: Scan, keys: Sequence[str]) -> Iterator[pa.RecordBatchReader]:
        sources = Sources(self._locate, self._bitmaps)
        columns = [f"{'g' if given.schema.find(name) else 't'}.{quoted(name)}" for name in table.schema.names]
        pairs = " AND ".join(f"g.{quoted(key)} IS NOT DISTINCT FROM t.{quoted(key)}" for key in keys)
        sql = (
            f"SELECT {', '.join(columns)} FROM ({scan_sql(given, sources)}) AS g "
            f"LEFT JOIN ({scan_sql(table, sources)}) AS t ON {pairs}"
        )
        with self._opened(sources) as cursor:
            yield cursor.execute(sql).to_arrow_reader(BATCH_ROWS)

    def superseded(self, scan: Scan, keys: Sequence[str], sequence: str | None) -> Found:
        sources = Sources(self._locate, self._bitmaps)
        rows = scan_sql(scan, sources, [*keys, *_optional(sequence)], _AT)
        newest = [f"{quoted(sequence)} DESC NULLS LAST"] if sequence else []
        order = ", ".join([*newest, f"{_AT.file} DESC", f"{_AT.row} DESC"])
        group = ", ".join(quoted(key) for key in keys)
        sql = (
            f"SELECT {_AT.file}, {_AT.row} FROM ({rows}) "
            f"QUALIFY row_number() OVER (PARTITION BY {group} ORDER BY {order}) > 1"
        )
        with self._opened(sources) as cursor:
            return _by_file(scan, cursor.execute(sql).to_arrow_table())

    def check_predicate(self, text: str, schema: Schema) -> CheckedPredicate:
        cursor = self._instance.cursor()
        try:
            return checked_predicate(cursor, text, schema, evaluator(self._instance))
        finally:
            cursor.close()

    @contextmanager
    def _opened(self, sources: Sources) -> Iterator[duckdb.DuckDBPyConnection]:
        cursor = self._instance.cursor()
        try:
            sources.bind(cursor)
            yield cursor
        except duckdb.Error as error:
            raise translated(error, known_of(self._instance, sources, {})) from None
        finally:
            cursor.close()


def _optional(name: str | None) -> list[str]:
    return [] if name is None else [name]


def _numbered(batch: pa.Table, columns: Sequence[str]) -> pa.Table:
    """Only these columns, and each row's number."""
    return batch.select(columns).append_column(_NUMBER, pa.array(range(batch.num_rows), pa.int64()))


def _order(sequence: str) -> str:
    """A value that sorts rows by the sequence, nulls lowest, and by place among equals."""
    name = quoted(sequence)
    return f"{{'known': {name} IS NOT NULL, 'value': {name}, 'place': {_NUMBER}}}"


def _newer(one: str, other: str) -> str:
    """Whether sequence value `one` is above `other`, nulls lowest."""
    return f"({one} IS NOT NULL AND ({other} IS NULL OR {one} > {other}))"


def _typed(schema: Schema, columns: Sequence[str]) -> str:
    """The batch with the types that the files' columns have."""
    fields = [(name, schema.find(name)) for name in columns]
    casts = [f"CAST({quoted(name)} AS {duckdb_type(field.type)}) AS {quoted(name)}" for name, field in fields if field]
    return f"SELECT {', '.join(casts)}, {_NUMBER} FROM {_BATCH}"


def _equal(batch: pa.Table, keys: Sequence[str]) -> str:
    """Nulls are equal to each other; where the batch has none, plain equality lets DuckDB skip row groups."""
    operators = ["IS NOT DISTINCT FROM" if batch[key].null_count else "=" for key in keys]
    pairs = zip(keys, operators, strict=True)
    return " AND ".join(f"f.{quoted(key)} {operator} b.{quoted(key)}" for key, operator in pairs)


def _by_file(scan: Scan, found: pa.Table) -> Found:
    """Distinct positions by data file path, ascending."""
    files = scan.files
    ordered = found.select([_AT.file, _AT.row]).sort_by([(_AT.file, "ascending"), (_AT.row, "ascending")])
    rows = ordered[_AT.row].combine_chunks()
    counts = pc.value_counts(ordered[_AT.file].combine_chunks())
    positions: Found = {}
    start = 0
    for number, count in zip(counts.field("values").to_pylist(), counts.field("counts").to_pylist(), strict=True):
        positions[files[number].path] = pc.unique(rows.slice(start, count))
        start += count
    return positions
