"""Checks before a handler runs: host names, tokens, rate limits."""
