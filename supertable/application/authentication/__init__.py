"""Sign-in with tokens and JWTs."""
