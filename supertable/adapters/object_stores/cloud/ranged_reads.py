"""Reads of large objects by ranges: several requests in parallel, results in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from supertable.adapters.object_stores.cloud.buckets import Bucket, ByteRange, ObjectInfo, Replaced

RANGE_BYTES = 4 * 1024 * 1024
_PARALLEL_REQUESTS = 4


def ranges(bucket: Bucket, key: str) -> Iterator[bytes]:
    """The whole object, at most `RANGE_BYTES` at a time; about five ranges are in memory.

    A small object takes one request. Raises `KeyError` if there is no object, and `Replaced` if it is replaced while it
    is read.
    """
    first = bucket.get_range(key, 0, RANGE_BYTES, None)
    if first is None:
        raise KeyError(key)
    yield complete(first, 0, RANGE_BYTES)
    if first.info.bytes > RANGE_BYTES:
        yield from _further_ranges(bucket, key, first.info)


def _further_ranges(bucket: Bucket, key: str, info: ObjectInfo) -> Iterator[bytes]:
    requests: deque[Future[bytes]] = deque()
    with ThreadPoolExecutor(_PARALLEL_REQUESTS, "ranged-read") as pool:
        try:
            for start in range(RANGE_BYTES, info.bytes, RANGE_BYTES):
                if len(requests) == _PARALLEL_REQUESTS:
                    yield requests.popleft().result()
                requests.append(pool.submit(_range, bucket, key, info, start))
            while requests:
                yield requests.popleft().result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _range(bucket: Bucket, key: str, info: ObjectInfo, start: int) -> bytes:
    found = bucket.get_range(key, start, RANGE_BYTES, info.tag)
    if found is None:
        raise Replaced(key)
    return complete(found, start, RANGE_BYTES)


def complete(found: ByteRange, start: int, length: int) -> bytes:
    """The bytes of the range. Raises ConnectionError unless they are as many as the range has."""
    expected = min(length, max(found.info.bytes - start, 0))
    if len(found.data) != expected:
        raise ConnectionError(f"received {len(found.data):,} bytes, expected {expected:,}")
    return found.data
