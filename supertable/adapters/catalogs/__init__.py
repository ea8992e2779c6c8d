"""Catalogs: a fast copy of the newest version of each log."""
