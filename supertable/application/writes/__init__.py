"""Appends, upserts, overwrites and deletes, alone or in groups."""
