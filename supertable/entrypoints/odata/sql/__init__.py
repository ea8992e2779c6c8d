"""SQL for what a request asks of an entity type. Names are those of the entity type, and all values are bound."""
