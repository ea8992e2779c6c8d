"""The DuckDB engine, which runs in the process of its caller."""

from supertable.adapters.engines.duckdb.engine import DuckDBEngine
from supertable.adapters.engines.duckdb.instance import DuckDBInstance
from supertable.adapters.engines.duckdb.remote.access import RemoteAccess
from supertable.adapters.engines.duckdb.remote.httpfs_access import HttpfsAccess, httpfs_is_available
from supertable.adapters.engines.duckdb.remote.range_access import RangeAccess
from supertable.adapters.engines.duckdb.rows.held_rows import DuckDBRowHolder
from supertable.adapters.engines.duckdb.rows.row_filter_parser import DuckDBRowFilterParser
from supertable.adapters.engines.duckdb.rows.row_finder import DuckDBRowFinder
from supertable.adapters.engines.duckdb.statement.kinds.parser import DuckDBStatementParser

__all__ = [
    "DuckDBEngine",
    "DuckDBInstance",
    "DuckDBRowFilterParser",
    "DuckDBRowFinder",
    "DuckDBRowHolder",
    "DuckDBStatementParser",
    "HttpfsAccess",
    "RangeAccess",
    "RemoteAccess",
    "httpfs_is_available",
]
