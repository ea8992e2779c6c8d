"""TPC-H: 22 analytical queries over eight tables."""
