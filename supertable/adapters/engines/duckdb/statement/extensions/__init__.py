"""Statements and calls that DuckDB does not know, or that read its own catalog there. They become plain queries."""
