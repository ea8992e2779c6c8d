"""Copies of an object store's files on this machine."""
