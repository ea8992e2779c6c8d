"""Pages of rows: their columns, their order, and where the next one begins."""
