"""Metrics, traces and logs of HTTP services."""
