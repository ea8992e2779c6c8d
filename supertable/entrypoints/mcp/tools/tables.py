"""`describe_table`, `get_table_stats`, `sample_data` and `get_quality_report`: one table."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from supertable.application.queries.table_statistics import ColumnStatistics
from supertable.application.tables.table_info import TableInfo
from supertable.domain.access.roles import Permission
from supertable.domain.names import quoted
from supertable.domain.schema.types import Field
from supertable.entrypoints.mcp.answers.rows import exact_values
from supertable.entrypoints.mcp.tools.call import Answer, Call, Runs
from supertable.entrypoints.mcp.tools.queries import rows_of

_SAMPLE = 10
_MOST_COLUMNS = 500


def _describe_table(call: Call) -> Answer:
    table = call.container.tables().open(call.namespace, call.table, Permission.META)
    info = TableInfo.of(table)
    fields = table.schema.fields
    members = {
        "name": info.name,
        "comment": info.comment,
        "version": info.version,
        "rows": info.rows,
        "keys": info.keys,
        "sequence": info.sequence,
        "updated_at": info.updated_at,
        "partition_by": info.partition_by,
        "sort_by": info.sort_by,
        "tags": dict(sorted(table.entry.tags.items())),
        "columns": [_column(field) for field in fields[:_MOST_COLUMNS]],
    }
    more = f" The first {_MOST_COLUMNS} are shown; information_schema.columns lists all."
    more = more if len(fields) > _MOST_COLUMNS else ""
    return Answer(members, f"The table has {len(fields)} columns that you may read.{more}")


def _column(field: Field) -> dict[str, Any]:
    comment = {"comment": field.comment} if field.comment else {}
    return {"name": field.name, "type": str(field.type), "nullable": field.nullable, **comment}


def _get_table_stats(call: Call) -> Answer:
    found = call.container.table_statistics()(call.namespace, call.table, call.limits, call.cancellation.attach)
    members = {
        "name": found.table,
        "version": found.version,
        "rows": found.rows,
        "files": found.files,
        "bytes": found.bytes,
        "columns": [_statistics(column) for column in found.columns[:_MOST_COLUMNS]],
    }
    return Answer(
        members, "Exact counts and ends of the rows that you see; `distinct` is an estimate to a few percent."
    )


def _statistics(column: ColumnStatistics) -> dict[str, Any]:
    ends = {} if column.low is None else {"min": _value(column.low), "max": _value(column.high)}
    return {"name": column.name, "type": column.type, "nulls": column.nulls, "distinct": column.distinct, **ends}


def _value(array: pa.Array) -> Any:
    (value,) = exact_values(array)
    return value[:_MOST_COLUMNS] + "…" if isinstance(value, str) and len(value) > _MOST_COLUMNS else value


def _sample_data(call: Call) -> Answer:
    rest = "Call query_sql with ORDER BY, LIMIT and OFFSET."
    taken = rows_of(call, f"SELECT * FROM {quoted(call.table)}", call.limit_or(_SAMPLE), rest)
    return Answer(taken.members, f"{len(taken.rows)} rows, in no order.")


def _get_quality_report(call: Call) -> Answer:
    table = call.container.tables().open(call.namespace, call.table, Permission.META)
    members = {"name": table.name, "rules": (), "report": None}
    return Answer(members, "No quality rules exist, so there is no report. get_table_stats counts nulls and values.")


RUNS: Runs = {
    "describe_table": _describe_table,
    "get_table_stats": _get_table_stats,
    "sample_data": _sample_data,
    "get_quality_report": _get_quality_report,
}
