"""`/whoami`: whom the service takes the caller for."""

from __future__ import annotations

from litestar import get

from supertable.application.authentication.who_am_i import Identity
from supertable.entrypoints.web.dependencies import Caller, Services
from supertable.entrypoints.web.openapi_problems import problems


@get("/whoami", tags=["service"], summary="Who the caller is", responses=problems(), sync_to_thread=True)
def who_am_i(container: Services, session: Caller) -> Identity:
    """The user, the role that this request acts under, and what that allows."""
    return container.who_am_i()(session)


HANDLERS = (who_am_i,)
