"""`Lake`: the calls on a lake."""
