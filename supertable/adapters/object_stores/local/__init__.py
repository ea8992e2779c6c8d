"""An object store in a local folder, and the temporary files that cloud stores use too."""
