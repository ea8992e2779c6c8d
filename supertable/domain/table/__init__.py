"""Commits, snapshots, rebasing and maintenance rules of tables."""
