"""The version of SuperTable. `pyproject.toml` has the same."""

VERSION = "0.1.0"
