"""Files for loading: what they are, how they are unpacked, and how their rows are read."""
