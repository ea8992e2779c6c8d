"""Commands for compaction, vacuum, fsck and the catalog."""
