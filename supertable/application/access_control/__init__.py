"""Roles, users, tokens and table grants: their log and how they are managed."""
