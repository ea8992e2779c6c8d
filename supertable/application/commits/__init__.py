"""Optimistic commits to tables and to the registry, their preconditions, and pins on versions."""
