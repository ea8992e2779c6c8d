"""Pure rules: names, schemas, files, commits, snapshots, rebasing, pruning, the view chain. No I/O."""
