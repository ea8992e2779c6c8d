"""Commits, snapshots, rebasing and maintenance rules of a table."""
