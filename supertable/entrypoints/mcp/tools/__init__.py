"""The tools: each parses its arguments, calls use cases, and says what it found."""
