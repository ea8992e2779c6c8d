"""Ways in: parse, call one use case, render."""
