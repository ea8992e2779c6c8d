"""The rows of queries, kept in this process for equal queries over the same versions under the same rights."""
