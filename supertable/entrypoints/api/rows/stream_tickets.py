"""`POST …/stream/tickets`: tickets for WebSockets of browsers, which cannot send a token."""

from __future__ import annotations

from datetime import datetime

import msgspec
from litestar import Response, post
from litestar.params import FromPath

from supertable.domain.access.roles import Permission
from supertable.domain.names import checked_name
from supertable.domain.timestamps import moment
from supertable.entrypoints.api.openapi.problem_responses import problems
from supertable.entrypoints.api.tables.table_descriptions import table_path
from supertable.entrypoints.api.tables.tables import TABLE
from supertable.entrypoints.web.service.dependencies import InjectedContainer, InjectedNamespace


class StreamTicket(msgspec.Struct, frozen=True):
    """A ticket that opens one WebSocket. `address`: its path, with the ticket as `?ticket=…`."""

    ticket: str
    address: str
    expires_at: datetime


@post(
    TABLE + "/stream/tickets",
    tags=["rows"],
    summary="Get a ticket for a WebSocket",
    responses=problems(404),
    sync_to_thread=True,
)
def create_stream_ticket(
    container: InjectedContainer, namespace: InjectedNamespace, table: FromPath[str]
) -> Response[StreamTicket]:
    """Return a ticket that opens one WebSocket to the stream of this table, within 30 seconds, and 201.

    The connection acts as the caller, under the role of this request. Browsers need it, since their WebSockets cannot
    send the header `Authorization`.
    """
    container.tables().open(namespace, table, Permission.WRITE)
    address = f"{table_path(namespace, checked_name('table', table))}/stream"
    ticket, until_us = container.tickets().issue(namespace.session, address)
    return Response(StreamTicket(ticket, address, moment(until_us)), headers={"Cache-Control": "no-store"})


HANDLERS = (create_stream_ticket,)
