"""The key index: where the rows with given keys are, without reading data files (see `docs/adr/0028`)."""
