"""Data files, deletion vectors and checksums: how rows are stored."""
