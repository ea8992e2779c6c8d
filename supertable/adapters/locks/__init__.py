"""Advisory locks between threads and processes."""
