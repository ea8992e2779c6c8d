"""The Python API behind `supertable.connect`."""
