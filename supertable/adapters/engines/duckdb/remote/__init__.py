"""Direct reads of an object store by DuckDB."""
