"""Parts of requests: JSON bodies, bodies that hold rows, cursors, entity tags."""
