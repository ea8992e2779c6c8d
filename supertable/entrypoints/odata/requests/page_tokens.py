"""`$skiptoken` and `$deltatoken`: where the next page, or the next delta, begins.

They are bound to the caller, the role, the table and the options that choose rows, so they lead nobody else anywhere.
"""

from __future__ import annotations

import msgspec

from supertable.domain.errors import InvalidInput
from supertable.entrypoints.odata.model.entity_sets import EntitySet
from supertable.entrypoints.odata.requests.incoming import Incoming
from supertable.entrypoints.odata.sql.pages.orders import Position
from supertable.entrypoints.web.requests.cursors import decode_cursor, encode_cursor

_FREE = frozenset({"skiptoken", "deltatoken", "format", "count"})
"""Options that choose no rows."""


class PageToken(msgspec.Struct, frozen=True, array_like=True):
    """`version`: the one of the first page; None: a view's. `left`: rows that `$top` still allows; None: all.

    `position`: in a delta, the key of the last entity, as texts; None: the start. `since`: of a delta, the version that
    the client has.
    """

    version: int | None
    page_rows: int
    left: int | None
    position: Position | list[str] | None
    tracks: bool = False
    since: int | None = None


def encoded_token(request: Incoming, entities: EntitySet, token: PageToken) -> str:
    return encode_cursor(_listing(request, entities), msgspec.json.encode(token).decode())


def decoded_token(request: Incoming, entities: EntitySet, text: str) -> PageToken:
    """Raises `InvalidInput` for the token of another caller, role, table or query."""
    found = decode_cursor(_listing(request, entities), text, str)
    try:
        return msgspec.json.decode(found or "", type=PageToken)
    except msgspec.DecodeError:
        raise InvalidInput("The link does not belong to this query. Start again without it.") from None


def _listing(request: Incoming, entities: EntitySet) -> str:
    session, options = request.session, request.options
    caller = (session.organization, session.user, session.role)
    chosen = sorted((name, value) for name, value in options.values.items() if name not in _FREE)
    table = (entities.type.supertable.lower(), entities.table.entry.table_id)
    return msgspec.json.encode(("odata", caller, table, chosen, sorted(options.aliases.items()))).decode()
