"""Object stores: durable storage of bytes by key."""
