"""Rows in the layout of a table: their partitions, and their order."""
