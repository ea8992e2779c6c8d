"""All resources under /api/v1. They require authentication."""

from __future__ import annotations

from litestar.types import ControllerRouterHandler

from supertable.entrypoints.api.access import audit, roles, tokens, users, whoami
from supertable.entrypoints.api.jobs import jobs, maintenance
from supertable.entrypoints.api.queries import background_queries, query, table_reads, table_rows
from supertable.entrypoints.api.rows import row_sockets, row_streams, stream_tickets, write_rows
from supertable.entrypoints.api.service import configuration
from supertable.entrypoints.api.tables import (
    clones_and_undrops,
    schemas,
    supertables,
    table_settings,
    tables,
    tags,
    versions,
    views,
)

HANDLERS: tuple[ControllerRouterHandler, ...] = (
    *query.HANDLERS,
    *background_queries.HANDLERS,
    *supertables.HANDLERS,
    *tables.HANDLERS,
    *views.HANDLERS,
    *clones_and_undrops.HANDLERS,
    *schemas.HANDLERS,
    *table_settings.HANDLERS,
    *versions.HANDLERS,
    *tags.HANDLERS,
    *table_rows.HANDLERS,
    *table_reads.HANDLERS,
    *write_rows.HANDLERS,
    *row_streams.HANDLERS,
    *row_sockets.HANDLERS,
    *stream_tickets.HANDLERS,
    *maintenance.HANDLERS,
    *jobs.HANDLERS,
    *roles.HANDLERS,
    *users.HANDLERS,
    *tokens.HANDLERS,
    *audit.HANDLERS,
    *configuration.HANDLERS,
    *whoami.HANDLERS,
)
