"""`/config`: the settings that this service runs with; secrets are hidden."""

from __future__ import annotations

from litestar import get

from supertable.config.settings.settings import SettingValue
from supertable.domain.access.roles import Permission
from supertable.entrypoints.web.dependencies import Caller, Services
from supertable.entrypoints.web.openapi_problems import problems
from supertable.entrypoints.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, paged


@get("/config", tags=["service"], summary="Effective settings", responses=problems(), sync_to_thread=True)
def list_settings(
    container: Services, session: Caller, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[SettingValue]:
    """Every setting with its value and where that comes from, by name. For roles with the permission control."""
    container.tables().require(session, Permission.CONTROL)
    return paged("config", container.settings().describe(), lambda setting: setting.name, limit, cursor)


HANDLERS = (list_settings,)
