"""What all HTTP services share: security, requests, responses, problems, observability, and starting and stopping."""
