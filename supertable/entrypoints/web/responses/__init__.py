"""Responses that hold rows: content negotiation and streaming."""
