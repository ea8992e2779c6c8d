"""REST resources about the service itself."""
