"""Time and randomness."""
