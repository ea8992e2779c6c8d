"""Sign-in by token or JWT."""
