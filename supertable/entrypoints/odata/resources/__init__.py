"""What each address of the OData endpoint answers."""
