"""Answers of the OData endpoint: documents, rows, errors."""
