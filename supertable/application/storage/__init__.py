"""Data files, deletion vectors and checksums: how rows lie in the object store."""
