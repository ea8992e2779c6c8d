"""SQL engines: what they parse, run and find."""
