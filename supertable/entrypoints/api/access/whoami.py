"""`/whoami`: the authenticated caller and role."""

from __future__ import annotations

from litestar import get

from supertable.application.authentication.who_am_i import Identity
from supertable.entrypoints.api.openapi.problem_responses import problems
from supertable.entrypoints.web.service.dependencies import InjectedContainer, InjectedSession


@get("/whoami", tags=["service"], summary="Describe the caller", responses=problems(), sync_to_thread=True)
def who_am_i(container: InjectedContainer, session: InjectedSession) -> Identity:
    """Return the user, the role of this request, and the role's permissions."""
    return container.who_am_i()(session)


HANDLERS = (who_am_i,)
