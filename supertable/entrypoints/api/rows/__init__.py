"""REST resources that write and delete rows."""
