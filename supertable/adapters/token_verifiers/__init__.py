"""Verifiers of tokens that other systems sign."""
