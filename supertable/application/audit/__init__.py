"""The audit log: export into a table, search and verification."""
