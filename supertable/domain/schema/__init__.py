"""Types, schemas and schema changes."""
