"""Everything under /api/v1, all of it behind the sign-in. A resource's module is named here."""

from __future__ import annotations

from litestar.types import ControllerRouterHandler

from supertable.entrypoints.api import (
    audit,
    configuration,
    jobs,
    queries,
    reading,
    roles,
    row_sockets,
    row_streams,
    rows,
    schemas,
    supertables,
    table_copies,
    table_settings,
    tables,
    tags,
    tokens,
    upkeep,
    users,
    versions,
    whoami,
)
from supertable.entrypoints.api.query import query

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
