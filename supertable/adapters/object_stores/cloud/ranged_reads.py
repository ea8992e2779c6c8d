"""Large objects in pieces: several ranges are under way at once, and come out in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from supertable.adapters.object_stores.cloud.buckets import Bucket, Found, Piece, Replaced

PIECE_BYTES = 4 * 1024 * 1024
_AT_ONCE = 4


def pieces(bucket: Bucket, key: str) -> Iterator[bytes]:
    """The whole object, at most `PIECE_BYTES` at a time; about five of them are in memory. `KeyError`: no object.

    One request for a small object. All pieces are of one and the same object: raises `Replaced` otherwise.
    """
    first = bucket.get_range(key, 0, PIECE_BYTES, None)
    if first is None:
        raise KeyError(key)
    yield _whole(first, first.of, 0)
    if first.of.bytes > PIECE_BYTES:
        yield from _rest(bucket, key, first.of)


def _rest(bucket: Bucket, key: str, of: Found) -> Iterator[bytes]:
    under_way: deque[Future[bytes]] = deque()
    with ThreadPoolExecutor(_AT_ONCE, "ranged-read") as pool:
        try:
            for start in range(PIECE_BYTES, of.bytes, PIECE_BYTES):
                if len(under_way) == _AT_ONCE:
                    yield under_way.popleft().result()
                under_way.append(pool.submit(_piece, bucket, key, of, start))
            while under_way:
                yield under_way.popleft().result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _piece(bucket: Bucket, key: str, of: Found, start: int) -> bytes:
    piece = bucket.get_range(key, start, PIECE_BYTES, of.tag)
    if piece is None:
        raise Replaced(key)
    return _whole(piece, of, start)


def _whole(piece: Piece, of: Found, start: int) -> bytes:
    expected = min(PIECE_BYTES, of.bytes - start)
    if len(piece.data) != expected:
        raise ConnectionError(f"{len(piece.data):,} bytes came where {expected:,} were due")
    return piece.data
