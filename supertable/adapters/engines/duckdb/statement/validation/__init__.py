"""What a statement may contain: the allowed grammar and functions, and the check against them."""
