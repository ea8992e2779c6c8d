"""One folder per port; driver types stay inside."""
