"""Factories that build the parts of the container, one module for each capability."""
