"""The adapters that the settings select, each with its settings."""
