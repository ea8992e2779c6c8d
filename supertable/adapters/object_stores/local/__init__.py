"""An object store in a local folder."""
