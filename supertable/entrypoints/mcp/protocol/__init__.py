"""The protocol: the server of the SDK, and running calls that can be cancelled."""
