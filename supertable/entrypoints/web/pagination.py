"""Long lists, a page at a time: `{"items": […], "next_cursor": …}`.

A cursor says after which entry the next page begins, so that what is added or removed meanwhile shifts nothing. It is
for the list that it came from, and carries a check so that a damaged one is refused.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Annotated, Generic, TypeVar

import msgspec
from litestar.params import QueryParameter

from supertable.domain.errors import InvalidInput

Item = TypeVar("Item")
Position = TypeVar("Position", str, int)

_CHECK_BYTES = 8

Limit = Annotated[int, QueryParameter(ge=1, le=1000, description="How many entries a page may have.")]
Cursor = Annotated[
    str | None, QueryParameter(max_length=2000, description="`next_cursor` of the page before; none: the first page.")
]
DEFAULT_LIMIT = 100


class Page(msgspec.Struct, Generic[Item], frozen=True):
    """A part of a list. `next_cursor` asks for the next part; null after the last."""

    items: list[Item]
    next_cursor: str | None = None


def paged(
    listing: str,
    items: Iterable[Item],
    key: Callable[[Item], str],
    limit: int,
    cursor: str | None,
    newest_first: bool = False,
) -> Page[Item]:
    """The page after `cursor` of all the `items`, by `key`, which is unique and never changes.

    `listing` tells lists apart. `newest_first`: the greatest key first. Raises `InvalidInput` for a cursor that is not
    of this list.
    """
    after = position(listing, cursor, str)
    ordered = sorted(items, key=key, reverse=newest_first)
    left = [item for item in ordered if after is None or (key(item) < after if newest_first else key(item) > after)]
    shown = left[:limit]
    return Page(shown, cursor_at(listing, key(shown[-1])) if len(left) > limit else None)


def by_time(moment: datetime) -> str:
    """A key that sorts as the moments do."""
    return moment.strftime("%Y%m%d%H%M%S%f")


def cursor_at(listing: str, last: str | int) -> str:
    data = msgspec.json.encode(last)
    return base64.urlsafe_b64encode(_check(listing, data) + data).decode().rstrip("=")


def position(listing: str, cursor: str | None, kind: type[Position]) -> Position | None:
    """Where the page begins; None: at the beginning. Raises `InvalidInput`."""
    if cursor is None:
        return None
    try:
        packed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        data = packed[_CHECK_BYTES:]
        if packed[:_CHECK_BYTES] != _check(listing, data):
            raise ValueError
        return msgspec.json.decode(data, type=kind)
    except (ValueError, binascii.Error, msgspec.DecodeError):
        raise InvalidInput("The cursor is none of this list. Begin without one.") from None


def _check(listing: str, data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=_CHECK_BYTES, key=hashlib.sha256(listing.encode()).digest()).digest()
