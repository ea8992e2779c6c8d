"""Reading many records in their order, each of which may take a round trip to storage."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

_AT_ONCE = 16
_MOST_AHEAD = 64
_FEW = 4
"""Fewer are not worth threads."""

Record = TypeVar("Record")


def read_ahead(read: Callable[[int], Record], versions: Sequence[int]) -> Iterator[Record]:
    """What `read` returns for each version, in their order; it may raise, and is called in other threads too.

    No more records are read ahead than were taken, so that one who stops early has read few in vain.
    """
    if len(versions) < _FEW:
        yield from map(read, versions)
        return
    with ThreadPoolExecutor(_AT_ONCE, "records") as pool:
        ahead: deque[Future[Record]] = deque()
        taken = 0
        try:
            for version in versions:
                ahead.append(pool.submit(read, version))
                if len(ahead) > min(taken, _MOST_AHEAD):
                    taken += 1
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            for future in ahead:
                future.cancel()
