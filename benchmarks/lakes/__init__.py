"""SuperTable alone: large tables, many writers, row filters and failing servers."""
