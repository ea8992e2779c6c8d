"""How log records and checkpoints become bytes."""
