"""Results of queries: run once, read in many ways."""
