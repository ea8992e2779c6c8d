"""Leases on the versions that are being read."""
