"""REST resources for jobs and maintenance."""
