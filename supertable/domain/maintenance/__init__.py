"""Compaction and vacuum of tables: what they rewrite, and what they remove."""
