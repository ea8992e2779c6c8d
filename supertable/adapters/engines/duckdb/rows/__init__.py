"""Finding rows in DuckDB: by key, by predicate, and by row filter."""
