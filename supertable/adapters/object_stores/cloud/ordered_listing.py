"""Listing a bucket folder by folder, in the order of the bytes of whole keys, whatever the server's own order is.

Some servers keep keys as a tree of folders and list `a/1` before `a-b`, though `-` sorts before `/`; what they give
after a key to start from is then not all that sorts after it. Within one folder their order is right but for this.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator

from supertable.adapters.object_stores.keys import split_prefix
from supertable.application.ports.object_stores import StoredObject

# level(prefix, start_after): the objects under `prefix` with no further slash, and the folders, which end with one;
# sorted, with or without regard to that slash. `start_after` may be empty.
Level = Callable[[str, str], Iterator[StoredObject | str]]


def ordered(level: Level, prefix: str, start_after: str) -> Iterator[StoredObject]:
    """The objects whose key starts with `prefix` and sorts after `start_after`, lazily. One request for a folder."""
    for entry in _sorted(level(prefix, _start(prefix, start_after))):
        if isinstance(entry, StoredObject):
            if entry.key > start_after:
                yield entry
        elif entry > start_after or start_after.startswith(entry):
            yield from ordered(level, entry, start_after)


def _sorted(entries: Iterator[StoredObject | str]) -> Iterator[StoredObject | str]:
    """A folder waits for the names that sort before its slash."""
    waiting: list[str] = []
    for entry in entries:
        key = entry if isinstance(entry, str) else entry.key
        while waiting and waiting[0] < key:
            yield heapq.heappop(waiting)
        if isinstance(entry, str):
            heapq.heappush(waiting, entry)
        else:
            yield entry
    yield from sorted(waiting)


def _start(prefix: str, start_after: str) -> str:
    """Where the server may start, in either order, so as to miss nothing: a little before, or at the beginning."""
    folder, _ = split_prefix(prefix)
    name = start_after.removeprefix(folder)
    return start_after[:-1] if start_after.startswith(folder) and all(sign > "/" for sign in name) else ""
