"""Roles, users, tokens and table grants: their log, and managing them."""
