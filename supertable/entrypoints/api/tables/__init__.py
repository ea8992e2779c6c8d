"""REST resources for supertables, tables, columns, versions and tags."""
