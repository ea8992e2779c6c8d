"""The kinds of statements that change something, one module for each."""
