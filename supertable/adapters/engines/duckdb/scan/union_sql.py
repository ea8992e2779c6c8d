"""The union of the tables of a supertable as DuckDB SQL."""

from __future__ import annotations

from supertable.adapters.engines.duckdb.scan.query_sources import Sources
from supertable.adapters.engines.duckdb.scan.scan_sql import scan_sql
from supertable.adapters.engines.duckdb.types import literal
from supertable.application.ports.engines.sources import Union
from supertable.domain.errors import InvalidStatement
from supertable.domain.schema.types import DataType


def union_sql(union: Union, sources: Sources) -> str:
    """The union by column name of a supertable's tables, with the table's name in `_table`."""
    check_types(union)
    if not union.scans:
        return "SELECT NULL::VARCHAR AS _table WHERE false"
    return " UNION ALL BY NAME ".join(
        f"SELECT {literal(scan.table)} AS _table, * FROM ({scan_sql(scan, sources)})" for scan in union.scans
    )


def check_types(union: Union) -> None:
    """Raises `InvalidStatement` unless columns of the same name have types of the same kind."""
    seen: dict[str, tuple[str, DataType]] = {}
    for scan in union.scans:
        for column in scan.shown.fields:
            table, kind = seen.setdefault(column.name.lower(), (scan.table, column.type))
            if _family(kind) != _family(column.type):
                raise InvalidStatement(
                    f"The tables cannot be read as one: column {column.name} is {kind} in {table} "
                    f"and {column.type} in {scan.table}. Name a single table instead."
                )


def _family(kind: DataType) -> str:
    if kind.name == "decimal" or kind.name.startswith(("int", "uint", "float")):
        return "number"
    if kind.name in ("date", "timestamp"):
        return "zoned" if kind.timezone else "date"
    return kind.name
