"""The OData endpoint, measured."""
