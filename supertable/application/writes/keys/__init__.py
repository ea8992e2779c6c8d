"""The rows of a write by their keys."""
