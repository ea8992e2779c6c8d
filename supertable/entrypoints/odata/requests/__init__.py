"""Requests of the OData endpoint: addresses, options, headers."""
