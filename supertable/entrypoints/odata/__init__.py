"""The OData v4 endpoint: one folder for each part of the protocol."""
