"""What commands share: options, prompts, progress and output."""
