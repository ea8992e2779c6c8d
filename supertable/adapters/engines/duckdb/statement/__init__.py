"""Parsing, validating and rendering the SQL statements of callers."""
