"""Catalog, locks and leases in one Redis or Valkey. They share their keys and their client, so they share a folder."""
