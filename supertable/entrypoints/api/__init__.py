"""The REST API: `supertable serve api`. Each handler parses, calls one use case, and renders."""
