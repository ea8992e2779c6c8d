"""Committing versions of tables and of the registry: optimistic, with preconditions and pins."""
