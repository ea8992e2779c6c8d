"""What callers give as rows: Arrow data, data frames, relations, dicts, dataclasses and iterators of them."""
