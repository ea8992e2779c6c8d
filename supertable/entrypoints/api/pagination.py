"""Lists in pages: `{"items": […], "next_cursor": …}`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Annotated, Generic, TypeVar

import msgspec
from litestar.params import QueryParameter

from supertable.entrypoints.web.requests.cursors import decode_cursor, encode_cursor

Item = TypeVar("Item")

Limit = Annotated[int, QueryParameter(ge=1, le=1000, description="Maximum number of entries in one page.")]
Cursor = Annotated[
    str | None,
    QueryParameter(
        max_length=2000, description="The `next_cursor` of the previous page. Without it, the first page is returned."
    ),
]
DEFAULT_LIMIT = 100


class Page(msgspec.Struct, Generic[Item], frozen=True):
    """A page of a list. Pass `next_cursor` as `cursor` to get the next page; it is null on the last page."""

    items: list[Item]
    next_cursor: str | None = None


def paginate(
    listing: str,
    items: Iterable[Item],
    key: Callable[[Item], str],
    limit: int,
    cursor: str | None,
    newest_first: bool = False,
) -> Page[Item]:
    """The page of `items` after `cursor`, ordered by `key`, which must be unique and never change.

    `listing` names the list, so that cursors of other lists are refused. `newest_first`: order by descending key.
    Raises `InvalidInput` for a cursor that does not belong to the list.
    """
    after = decode_cursor(listing, cursor, str)
    ordered = sorted(items, key=key, reverse=newest_first)
    rest = [item for item in ordered if after is None or (key(item) < after if newest_first else key(item) > after)]
    shown = rest[:limit]
    return Page(shown, encode_cursor(listing, key(shown[-1])) if len(rest) > limit else None)


def time_key(moment: datetime) -> str:
    """A key that sorts by time."""
    return moment.strftime("%Y%m%d%H%M%S%f")
