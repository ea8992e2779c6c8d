"""Checks and digests of rows that come from outside."""
