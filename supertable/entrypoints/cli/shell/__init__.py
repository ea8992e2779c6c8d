"""`supertable shell`: SQL and commands, typed or from a script."""
