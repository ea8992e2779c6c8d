"""Catalog, locks and leases in one Redis or Valkey server, with the keys and the client that they share."""
