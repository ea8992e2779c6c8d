"""Arrow data as bytes that leave the house: what the entrypoints have in common."""
