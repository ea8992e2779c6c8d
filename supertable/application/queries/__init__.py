"""Running queries, change feeds and statistics."""
