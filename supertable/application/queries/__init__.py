"""Queries, in the foreground and as jobs; change feeds; and table statistics."""
