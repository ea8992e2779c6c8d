"""The OpenAPI description of the REST API, and the page that shows it."""
