"""Types, schemas and encodings of Arrow."""
