"""`/login` and `/logout`."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.exceptions import TooManyRequestsException
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER

from supertable.config.settings.settings import Settings
from supertable.domain.errors import AccessDenied, InvalidInput, NotSignedIn
from supertable.entrypoints.mcp_tester.visitors import Visitors
from supertable.entrypoints.web.pages.templates import Pages
from supertable.entrypoints.web.problems.problem_documents import problem_of
from supertable.entrypoints.web.security.csrf import CSRF_FIELD, require_own_page
from supertable.entrypoints.web.security.page_sessions import PageSession, new_session
from supertable.entrypoints.web.service.dependencies import container_of

_MOST_CHARACTERS = 255
PageRequest = Request[Any, Any, State]


@get("/login", include_in_schema=False, sync_to_thread=False)
def sign_in_page(request: PageRequest) -> Response[str]:
    return _form(request, _visitors(request).sessions.before_sign_in(request))


@post("/login", include_in_schema=False)
async def sign_in(request: PageRequest) -> Response[Any]:
    """A session, if the token is right; otherwise the form, with the reason."""
    visitors = _visitors(request)
    earlier = visitors.sessions.before_sign_in(request)
    form = await request.form()
    try:
        require_own_page(request, earlier, form.get(CSRF_FIELD))
        session = _asked_for(request, form)
        cookie = visitors.sessions.cookie(session)
        await visitors.enter(request, session)
    except (NotSignedIn, AccessDenied, InvalidInput, TooManyRequestsException) as error:
        return _form(request, earlier, error)
    return Redirect("/", status_code=HTTP_303_SEE_OTHER, cookies=[cookie])


@post("/logout", include_in_schema=False)
async def sign_out(request: PageRequest) -> Redirect:
    """Raises `AccessDenied` for other pages, so that none of them can end a session."""
    visitors = _visitors(request)
    form = await request.form()
    require_own_page(request, visitors.sessions.of(request), form.get(CSRF_FIELD))
    headers = {"Clear-Site-Data": '"storage"'}
    return Redirect("/login", status_code=HTTP_303_SEE_OTHER, cookies=[visitors.sessions.ended()], headers=headers)


def _asked_for(request: PageRequest, form: Any) -> PageSession:
    token, role, organization = (_text(form, name) for name in ("token", "role", "organization"))
    if not token:
        raise NotSignedIn("No token was given. Paste one, as `supertable tokens create` shows it.")
    if max(len(role), len(organization)) > _MOST_CHARACTERS:
        raise InvalidInput(f"A name has at most {_MOST_CHARACTERS} characters. Nothing was done.")
    return new_session(organization or _settings(request).organization, token, role or None)


def _form(request: PageRequest, session: PageSession | None, error: Exception | None = None) -> Response[str]:
    """The form with a CSRF token of a session that is not signed in."""
    fresh = session or new_session()
    problem = problem_of(error) if error is not None else None
    values = {
        "csrf_token": fresh.csrf,
        "organization": _settings(request).organization,
        "error": problem.detail if problem else None,
    }
    cookies = [_visitors(request).sessions.cookie(fresh)] if fresh is not session else []
    pages: Pages = request.app.state["pages"]
    return pages.page("login.html", values, problem.status if problem else 200, cookies)


def _text(form: Any, name: str) -> str:
    value = form.get(name)
    return value.strip() if isinstance(value, str) else ""


def _visitors(request: PageRequest) -> Visitors:
    visitors: Visitors = request.app.state["visitors"]
    return visitors


def _settings(request: PageRequest) -> Settings:
    settings: Settings = container_of(request.scope).settings()
    return settings


HANDLERS = (sign_in_page, sign_in, sign_out)
