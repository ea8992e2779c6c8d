"""Everything under /api/v1, all of it behind the sign-in. A resource's module is named here."""

from __future__ import annotations

from litestar.types import ControllerRouterHandler

from supertable.entrypoints.api.access import audit, roles, tokens, users, whoami
from supertable.entrypoints.api.jobs import jobs
from supertable.entrypoints.api.jobs import maintenance as upkeep
from supertable.entrypoints.api.queries import background_queries as queries
from supertable.entrypoints.api.queries import table_reads as reading
from supertable.entrypoints.api.queries.query import query
from supertable.entrypoints.api.rows import row_sockets, row_streams
from supertable.entrypoints.api.rows import write_rows as rows
from supertable.entrypoints.api.service import configuration
from supertable.entrypoints.api.tables import clones_and_undrops as table_copies
from supertable.entrypoints.api.tables import schemas, supertables, table_settings, tables, tags, versions

HANDLERS: tuple[ControllerRouterHandler, ...] = (
    query,
    *queries.HANDLERS,
    *supertables.HANDLERS,
    *tables.HANDLERS,
    *table_copies.HANDLERS,
    *schemas.HANDLERS,
    *table_settings.HANDLERS,
    *versions.HANDLERS,
    *tags.HANDLERS,
    *reading.HANDLERS,
    *rows.HANDLERS,
    *row_streams.HANDLERS,
    *row_sockets.HANDLERS,
    *upkeep.HANDLERS,
    *jobs.HANDLERS,
    *roles.HANDLERS,
    *users.HANDLERS,
    *tokens.HANDLERS,
    *audit.HANDLERS,
    *configuration.HANDLERS,
    *whoami.HANDLERS,
)
