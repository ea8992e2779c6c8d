"""REST resources that run queries and read tables."""
