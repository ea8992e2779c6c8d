"""Commands for roles, users, tokens and the audit log."""
