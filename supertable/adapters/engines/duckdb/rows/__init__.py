"""Finding rows by key and by predicate, and parsing row filters."""
