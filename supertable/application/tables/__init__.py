"""Finding tables, reading their state under a role, and their history."""
