"""What the use cases need from outside, one role to a file."""
