"""UPDATE and MERGE: new values from a query, as one commit that marks the old rows dead and adds the new ones."""
