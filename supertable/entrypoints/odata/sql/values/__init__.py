"""SQL of single expressions, each with its type in OData's words."""
