"""The SQL of table sources: scans, unions and change feeds, with deletion vectors and access rules."""
