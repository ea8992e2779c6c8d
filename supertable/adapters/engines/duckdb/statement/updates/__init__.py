"""UPDATE and MERGE, which DuckDB parses but shows no tree of: their text becomes a query, which is then validated."""
