"""The SQL of what a statement reads: table scans, unions and change feeds, with deletion vectors and access rules."""
