"""The command line: `supertable`. Each command parses, calls the Python API, and renders."""
