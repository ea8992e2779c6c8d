"""The rows of one table in pages, with simple filters and orders."""
