"""What a tool answers: rows within bounds, numbers without loss, and errors that say how to mend the call."""
