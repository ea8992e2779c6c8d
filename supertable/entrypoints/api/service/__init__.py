"""REST resources for health and configuration."""
