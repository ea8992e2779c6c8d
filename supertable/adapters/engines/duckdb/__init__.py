"""SQL by DuckDB, in this process."""
