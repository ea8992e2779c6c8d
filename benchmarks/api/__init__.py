"""The REST API under load, beside the same calls from Python."""
