"""CSV and TSV files, and the DuckDB scanner that reads text."""
