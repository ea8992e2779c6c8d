"""Readers of files to load: detect the format, unpack, and read the rows as Arrow batches."""
