"""Settings, and the container that wires adapters to ports: the composition root."""
