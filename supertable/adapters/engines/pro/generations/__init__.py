"""Generations of a table: the rows of one version in a database of the engine, and how they follow later ones."""
