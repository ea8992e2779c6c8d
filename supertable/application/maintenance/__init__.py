"""Compaction, vacuum and purging."""
