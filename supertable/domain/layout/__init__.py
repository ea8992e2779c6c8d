"""How the rows of a table are laid out in files: partitions and sort order."""
