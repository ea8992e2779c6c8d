"""The relations of a statement as views, over which the translated statement runs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from supertable.adapters.engines.duckdb.scan.source_sql import all_rows, row_count
from supertable.adapters.engines.duckdb.scan.union_sql import check_types
from supertable.adapters.engines.duckdb.types import duckdb_type
from supertable.adapters.engines.spark.relations.scan_views import FileViews
from supertable.adapters.engines.spark.relations.values import carried_type
from supertable.adapters.engines.spark.translation.binding import SparkView
from supertable.adapters.engines.spark.translation.constants import text
from supertable.adapters.engines.spark.translation.refusals import refused
from supertable.application.ports.engines.sources import Changes, Given, Scans, Source, Union
from supertable.domain.scan.scan_plan import Scan
from supertable.domain.schema.types import DataType, widened

_TEXT, _BIGINT = DataType("string"), DataType("int64")
Column = tuple[str, DataType]


def relation_views(sources: Scans, counted: Collection[int], files: FileViews) -> dict[int, SparkView]:
    """Adds the views of all relations to the steps of `files`. Nothing runs. Raises `NotOnSpark`.

    `counted`: the relations of which only the number of rows matters.
    """
    return {number: _view(number, source, number in counted, files) for number, source in sources.items()}


def _view(number: int, source: Source, counted: bool, files: FileViews) -> SparkView:
    if isinstance(source, Given):
        raise refused("listings, files and frames")
    if isinstance(source, Scan) and source.row_id:
        raise refused("statements that change rows")
    view = f"{files.token}_r{number}"
    sql, columns = _sql(source, files)
    if counted and all_rows(source):
        sql = f"{_nulls([kind for _, kind in columns])} FROM range({row_count(source)}L)"
    files.steps.append(lambda _: f"CREATE TEMPORARY VIEW {view} AS {sql}")
    return SparkView(view, tuple((name, duckdb_type(kind)) for name, kind in columns))


def _sql(source: Scan | Union | Changes, files: FileViews) -> tuple[str, list[Column]]:
    """A SELECT of the columns c0, c1, …, and their names and types."""
    if isinstance(source, Union):
        return _union(source, files)
    return _changes(source, files) if isinstance(source, Changes) else _scan(source, files)


def _scan(scan: Scan, files: FileViews) -> tuple[str, list[Column]]:
    if scan.summary is not None and scan.snapshot is not None:
        raise refused("values that the snapshot knows")
    return files.scan_sql(scan), [(field.name, field.type) for field in scan.shown.fields]


def _union(union: Union, files: FileViews) -> tuple[str, list[Column]]:
    check_types(union)
    kinds = _common_types(union)
    parts = [_union_part(scan, kinds, files) for scan in union.scans]
    names: dict[str, str] = {}
    for scan in union.scans:
        for name in scan.shown.names:
            names.setdefault(name.lower(), name)
    columns = [("_table", _TEXT), *((names[name], kind) for name, kind in kinds.items())]
    return " UNION ALL ".join(parts) or _no_rows(columns), columns


def _union_part(scan: Scan, kinds: Mapping[str, DataType], files: FileViews) -> str:
    places = {field.name.lower(): place for place, field in enumerate(scan.shown.fields)}
    values = [
        f"CAST({f'c{places[name]}' if name in places else 'NULL'} AS {carried_type(kind)}) AS c{number}"
        for number, (name, kind) in enumerate(kinds.items(), 1)
    ]
    return f"SELECT {', '.join([f'{text(scan.table)} AS c0', *values])} FROM ({files.scan_sql(scan)}) AS u"


def _common_types(union: Union) -> dict[str, DataType]:
    """By column name in lower case."""
    kinds: dict[str, DataType] = {}
    for scan in union.scans:
        for field in scan.shown.fields:
            known = kinds.setdefault(field.name.lower(), field.type)
            common = widened(known, field.type)
            if common is None or (known != field.type and common.name == "timestamp" and common.unit == "ns"):
                raise refused("a union of tables with such types")
            kinds[field.name.lower()] = common
    return kinds


def _changes(changes: Changes, files: FileViews) -> tuple[str, list[Column]]:
    schema = changes.schema
    keys = [place for place, field in enumerate(schema.fields) if field.name in changes.keys]
    parts = [
        _change_part(
            scan, other if keys else replace(other, groups=()), keys, len(schema.fields), kinds, version, files
        )
        for step in changes.steps
        for scan, other, kinds, version in (
            (step.deleted, step.inserted, ("update_before", "delete"), step.version),
            (step.inserted, step.deleted, ("update_after", "insert"), step.version),
        )
        if scan.groups
    ]
    columns = [("_change", _TEXT), ("_version", _BIGINT), *((field.name, field.type) for field in schema.fields)]
    return " UNION ALL ".join(parts) or _no_rows(columns), columns


def _no_rows(columns: Sequence[Column]) -> str:
    return f"{_nulls([kind for _, kind in columns])} WHERE FALSE"


def _nulls(types: Sequence[DataType]) -> str:
    return "SELECT " + ", ".join(f"CAST(NULL AS {carried_type(kind)}) AS c{i}" for i, kind in enumerate(types))


def _change_part(
    scan: Scan, other: Scan, keys: Sequence[int], columns: int, kinds: tuple[str, str], version: int, files: FileViews
) -> str:
    both, alone = kinds
    values = ", ".join(f"r.c{place} AS c{place + 2}" for place in range(columns))
    rows = f"({files.scan_sql(scan)}) AS r"
    kind = f"'{alone}'"
    if other.groups:
        chosen = ", ".join(f"c{place} AS k{place}" for place in keys)
        pairs = " AND ".join(f"o.k{place} <=> r.c{place}" for place in keys)
        rows += f" LEFT JOIN (SELECT DISTINCT {chosen}, TRUE AS m FROM ({files.scan_sql(other)}) AS s) AS o ON {pairs}"
        kind = f"CASE WHEN o.m THEN '{both}' ELSE '{alone}' END"
    return f"SELECT {kind} AS c0, CAST({version} AS BIGINT) AS c1, {values} FROM {rows}"
