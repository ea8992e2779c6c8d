"""How a query reads a table: the scan plan, predicates and file pruning."""
