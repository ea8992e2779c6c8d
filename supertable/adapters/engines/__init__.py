"""SQL engines, one package for each."""
