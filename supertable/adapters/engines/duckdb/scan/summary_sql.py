"""Statements that are aggregates over a whole table, of which the snapshot knows the values: they read no file.

The statement runs over a row for each least or greatest value, so that names and types are those of any run. Counts
are put in place of what it counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pyarrow as pa

from supertable.adapters.engines.duckdb.scan.predicate_sql import constant_sql
from supertable.adapters.engines.duckdb.scan.scan_sql import empty_sql
from supertable.adapters.engines.duckdb.types import duckdb_type, quoted
from supertable.application.ports.engines.sources import Source
from supertable.domain.scan.scan_plan import Scan
from supertable.domain.scan.summaries import Summary
from supertable.domain.schema.types import Field, Scalar


def known_values(summaries: Sequence[Summary], sources: Mapping[int, Source]) -> Sequence[Scalar | None] | None:
    """The values of a statement's aggregates; None: it has to read rows."""
    source = sources.get(0)
    return source.summary if summaries and isinstance(source, Scan) else None


def summary_sql(scan: Scan, summaries: Sequence[Summary], values: Sequence[Scalar | None]) -> str:
    """The SQL of the rows."""
    named = [scan.schema.find(each.column) for each in summaries]
    fields = {field.id: field for field in named if field}
    rows = [
        _row(fields.values(), field.id, value)
        for each, field, value in zip(summaries, named, values, strict=True)
        if each.function != "count" and field and value is not None
    ]
    return " UNION ALL ".join([empty_sql(fields.values(), None), *rows])


def _row(fields: Iterable[Field], field_id: int, value: Scalar) -> str:
    items = (
        f"CAST({constant_sql(field.type, value) if field.id == field_id else 'NULL'} AS {duckdb_type(field.type)}) "
        f"AS {quoted(field.name)}"
        for field in fields
    )
    return f"SELECT {', '.join(items)}"


def with_counts(
    reader: pa.RecordBatchReader, summaries: Sequence[Summary], values: Sequence[Scalar | None]
) -> pa.RecordBatchReader:
    """The result, with the counts that are known."""
    result = reader.read_all()
    for place, (each, value) in enumerate(zip(summaries, values, strict=True)):
        if each.function == "count":
            result = result.set_column(place, result.schema.field(place), pa.array([value], pa.int64()))
    return result.to_reader()
