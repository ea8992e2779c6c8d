"""What a role sees of the tables that a statement reads, made apart from the statement. See docs/adr/0022."""
