"""Object stores: where bytes are kept durably."""
