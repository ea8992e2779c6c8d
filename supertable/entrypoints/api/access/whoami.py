"""`/whoami`: whom the service takes the caller for."""

from __future__ import annotations

from litestar import get

from supertable.application.authentication.who_am_i import Identity
from supertable.entrypoints.api.openapi.problem_responses import problems
from supertable.entrypoints.web.service.dependencies import InjectedContainer, InjectedSession


@get("/whoami", tags=["service"], summary="Who the caller is", responses=problems(), sync_to_thread=True)
def who_am_i(container: InjectedContainer, session: InjectedSession) -> Identity:
    """The user, the role that this request acts under, and what that allows."""
    return container.who_am_i()(session)


HANDLERS = (who_am_i,)
