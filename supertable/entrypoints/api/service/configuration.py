"""`/config`: the settings of this service, without secrets."""

from __future__ import annotations

from litestar import get

from supertable.config.settings.settings import SettingValue
from supertable.domain.access.roles import Permission
from supertable.entrypoints.api.openapi.problem_responses import problems
from supertable.entrypoints.api.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, paginate
from supertable.entrypoints.web.service.dependencies import InjectedContainer, InjectedSession


@get("/config", tags=["service"], summary="List settings", responses=problems(), sync_to_thread=True)
def list_settings(
    container: InjectedContainer, session: InjectedSession, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[SettingValue]:
    """Return all settings by name, each with its value and the source of the value.

    Secrets are hidden. Requires the permission `control`.
    """
    container.tables().require(session, Permission.CONTROL)
    return paginate("config", container.settings().describe(), lambda setting: setting.name, limit, cursor)


HANDLERS = (list_settings,)
