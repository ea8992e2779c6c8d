"""Who calls: the connection's credential, and what a call says of its user."""
