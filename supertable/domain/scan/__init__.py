"""What a query reads of a table: the scan plan, predicates and file pruning."""
