"""What runs SQL, one package for each engine."""
