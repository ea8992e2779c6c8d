"""`Table`: the calls on one table."""
