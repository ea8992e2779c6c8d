"""Commands that start services, show settings and run the demo."""
