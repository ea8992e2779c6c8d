"""Codecs of log records and checkpoints."""
