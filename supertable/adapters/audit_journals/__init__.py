"""Journals of events that wait to be exported."""
