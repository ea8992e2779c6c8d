"""Everything under /api/v1, all of it behind the sign-in. A resource's module is named here."""

from __future__ import annotations

from litestar.types import ControllerRouterHandler

from supertable.entrypoints.api.query import query

HANDLERS: tuple[ControllerRouterHandler, ...] = (query,)
