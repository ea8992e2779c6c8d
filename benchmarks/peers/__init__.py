"""SuperTable beside its peers: the same work on the same rows, in turns, in one run."""
