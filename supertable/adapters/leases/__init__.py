"""Leases on what is being read."""
