"""Versioned logs in the object store, and their heads in the catalog."""
