"""What a caller sees of a supertable, in the words of OData: entity types, and their metadata documents."""
