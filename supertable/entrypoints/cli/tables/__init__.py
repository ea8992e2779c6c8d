"""Commands for tables, columns, tags and tombstones."""
