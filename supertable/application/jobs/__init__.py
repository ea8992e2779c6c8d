"""Background jobs: their records, results, execution and expiry."""
