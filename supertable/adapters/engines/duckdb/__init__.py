"""The DuckDB engine, which runs in the process of its caller."""

from supertable.adapters.engines.duckdb.engine import DuckDBEngine
from supertable.adapters.engines.duckdb.instance import DuckDBInstance
from supertable.adapters.engines.duckdb.remote_access import RemoteAccess, Secret
from supertable.adapters.engines.duckdb.rows.row_filter_parser import DuckDBRowFilterParser
from supertable.adapters.engines.duckdb.rows.row_finder import DuckDBRowFinder

__all__ = ["DuckDBEngine", "DuckDBInstance", "DuckDBRowFilterParser", "DuckDBRowFinder", "RemoteAccess", "Secret"]
