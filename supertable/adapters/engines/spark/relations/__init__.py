"""The relations of a statement as views of a session: what the caller sees of each, made by SQL of ours alone."""
