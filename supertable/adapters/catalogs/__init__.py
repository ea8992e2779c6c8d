"""Catalogs: the fast copy of which version of each log is the newest."""
