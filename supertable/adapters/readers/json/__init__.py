"""JSON and NDJSON files, with inferred types or by the columns of a table."""
