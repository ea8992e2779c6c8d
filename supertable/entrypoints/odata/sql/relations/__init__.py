"""The rows that an answer is made of: a table, and what `$apply` and `$compute` make of it."""
