"""Lists a bucket folder by folder, in bytewise order of whole keys, even if the server has another order.

Some servers store keys as a tree of folders and list `a/1` before `a-b`, although `-` sorts before `/`. When such a
server lists from a given key on, it leaves out keys that sort after it. Within one folder, only folders are misplaced.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator

from supertable.adapters.object_stores.keys import split_prefix
from supertable.application.ports.object_stores import StoredObject

# level(prefix, start_after): the objects under `prefix` without a further slash, and the folders, which end with one;
# sorted, either with or without that slash. `start_after` may be empty.
Level = Callable[[str, str], Iterator[StoredObject | str]]


def ordered(level: Level, prefix: str, start_after: str) -> Iterator[StoredObject]:
    """The objects whose key starts with `prefix` and sorts after `start_after`, lazily. One request per folder."""
    for entry in _sorted(level(prefix, _start(prefix, start_after))):
        if isinstance(entry, StoredObject):
            if entry.key > start_after:
                yield entry
        elif entry > start_after or start_after.startswith(entry):
            yield from ordered(level, entry, start_after)


def _sorted(entries: Iterator[StoredObject | str]) -> Iterator[StoredObject | str]:
    """The entries in bytewise order: a folder is held back until no name that sorts before its slash can follow."""
    held_back: list[str] = []
    for entry in entries:
        key = entry if isinstance(entry, str) else entry.key
        while held_back and held_back[0] < key:
            yield heapq.heappop(held_back)
        if isinstance(entry, str):
            heapq.heappush(held_back, entry)
        else:
            yield entry
    yield from sorted(held_back)


def _start(prefix: str, start_after: str) -> str:
    """A key from which the server may list without leaving out entries in either order; empty: the beginning."""
    folder, _ = split_prefix(prefix)
    name = start_after.removeprefix(folder)
    return start_after[:-1] if start_after.startswith(folder) and all(char > "/" for char in name) else ""
