"""What queries read: tables, views, the parts of one that changed, and lists of what there is."""
