"""Contracts between the use cases and the outside, one role to a file."""
