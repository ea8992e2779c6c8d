"""Connections to a cluster, and the statements that run on them."""
