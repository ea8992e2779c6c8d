"""Integrity checks (fsck), and rebuilding the catalog from storage."""
