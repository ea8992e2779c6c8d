"""Creating, altering, cloning, renaming, tagging and dropping tables."""
