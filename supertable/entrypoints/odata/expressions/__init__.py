"""Expressions of OData as trees: one parser for all system query options."""
