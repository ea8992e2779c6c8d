"""What a WHERE clause says of single columns, its constants, and whether it can fail."""
