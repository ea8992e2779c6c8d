"""Tokens that other systems sign."""
