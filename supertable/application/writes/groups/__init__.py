"""Small writes of several callers that share one commit."""
