"""Arrow data as bytes that leave the process, for all entrypoints."""
