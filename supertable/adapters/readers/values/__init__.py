"""What text means as a value: exactly one value of a type, or none."""
