"""Checked statements of texts that differ only in literals: the first are parsed, later ones are filled in."""
