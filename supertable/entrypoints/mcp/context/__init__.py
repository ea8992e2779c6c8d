"""What clients may put before a model besides tools: tables as resources, prompts, and the completion of names."""
