"""Journals of audit events that wait for export."""
