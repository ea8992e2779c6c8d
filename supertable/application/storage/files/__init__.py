"""Files that are read from object stores: checked, cached, or in parts."""
