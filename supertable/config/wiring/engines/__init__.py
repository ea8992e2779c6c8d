"""The engines: which one runs a statement, and where."""
