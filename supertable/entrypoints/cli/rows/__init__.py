"""Commands that load, delete and query rows."""
