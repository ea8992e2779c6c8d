"""Pages for people: templates, their static files, and what browsers may do with them."""
