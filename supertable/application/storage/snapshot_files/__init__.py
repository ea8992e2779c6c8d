"""The files of large snapshots as arrays: tables of files, pruning, and folding of changes."""
