"""What a service and its executors send each other, and how."""
