"""Roles, users, sessions, masks and row filters."""
