"""Queries that ask for rows by their keys read the files that have such rows, and no others."""

from __future__ import annotations

from dataclasses import replace

from supertable.application.key_index.key_matching import KeyMatcher, KeySearch
from supertable.application.key_index.wanted_keys import wanted_keys
from supertable.application.tables.open_table import OpenTable
from supertable.domain.scan.predicates import Predicate
from supertable.domain.scan.scan_plan import Scan, grouped

_FEWEST_FILES = 3
_FEWEST_FILES_FOR_HASHES = 12
"""Fewer files are read sooner than a key is looked up. The engine computes hashes, which takes a millisecond."""


class KeyLookups:
    def __init__(self, matcher: KeyMatcher) -> None:
        self._matcher = matcher

    def narrowed(self, table: OpenTable, predicate: Predicate, scan: Scan) -> Scan:
        """The scan without the files that have no live row with the keys that the predicate asks for, if it does.

        For callers who see some of the rows, other rows do not count: which files are read would tell of them.
        """
        names, count = table.snapshot.key_names, scan.file_count
        if not names or count < _FEWEST_FILES:
            return scan
        keys = wanted_keys(predicate, scan.schema, names)
        if keys is None:
            return scan
        search = KeySearch(table, keys, scan.schema, seen_alone=not table.sees_all_rows)
        if search.shape.is_hashed and count < _FEWEST_FILES_FOR_HASHES:
            return scan
        kept = self._matcher.holding(search, scan.files)
        return replace(scan, groups=grouped(kept, table.snapshot.schemas))
