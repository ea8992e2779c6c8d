"""`/tokens`: one's own access tokens, and with the permission rbac those of all."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Response, delete, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from supertable.application.access_control.manage_tokens import TOKEN_SECONDS, TokenInfo
from supertable.domain.errors import NotFound
from supertable.entrypoints.api.openapi.problem_responses import change_problems, problems
from supertable.entrypoints.api.openapi.response_headers import LOCATION_HEADER
from supertable.entrypoints.api.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, paginate, time_key
from supertable.entrypoints.web.requests.json_bodies import Body
from supertable.entrypoints.web.service.dependencies import InjectedContainer, InjectedSession

_TAGS = ["tokens"]


class TokenRequest(Body):
    """`user`: whose it is; none: the caller's own. `role`: the only one that it gives; none: any of the user's."""

    name: Annotated[str, msgspec.Meta(description="What it is for.", examples=["nightly load"])]
    user: str | None = None
    role: str | None = None
    lifetime_seconds: Annotated[
        float | None, msgspec.Meta(description="90 days unless it is given; null: without end.", examples=[86_400])
    ] = TOKEN_SECONDS


class IssuedToken(msgspec.Struct, frozen=True):
    """`secret` is the token itself. It is kept nowhere, so this is the only time that it is seen."""

    id: str
    name: str
    user: str
    user_hash: str
    role: str | None
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None
    secret: str


@get("/tokens", tags=_TAGS, summary="List tokens", responses=problems(404), sync_to_thread=True)
def list_tokens(
    container: InjectedContainer,
    session: InjectedSession,
    user: Annotated[str | None, QueryParameter(description="Only those of this user, by name or hash.")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[TokenInfo]:
    """Those that the caller may revoke, the newest first."""
    found = container.manage_tokens().list(session, user)
    listing = f"tokens of {user or 'all'}"
    return paginate(listing, found, lambda info: time_key(info.created_at) + info.id, limit, cursor, newest_first=True)


@post(
    "/tokens",
    tags=_TAGS,
    summary="Create a token",
    responses=change_problems(404),
    response_headers=[LOCATION_HEADER],
    sync_to_thread=True,
)
def create_token(
    container: InjectedContainer, session: InjectedSession, data: JSONBody[TokenRequest]
) -> Response[IssuedToken]:
    """The secret is shown in this answer and never again."""
    made = container.manage_tokens().create(session, data.name, data.user, data.role, data.lifetime_seconds)
    headers = {"Location": f"/api/v1/tokens/{made.info.id}", "Cache-Control": "no-store"}
    return Response(IssuedToken(**asdict(made.info), secret=made.secret), status_code=201, headers=headers)


@get("/tokens/{token:str}", tags=_TAGS, summary="Describe a token", responses=problems(404), sync_to_thread=True)
def describe_token(container: InjectedContainer, session: InjectedSession, token: FromPath[str]) -> TokenInfo:
    """By its id."""
    found = next((info for info in container.manage_tokens().list(session) if info.id == token.lower()), None)
    if found is None:
        raise NotFound(f"There is no token with the id {token[:80]!r}.")
    return found


@delete(
    "/tokens/{token:str}", tags=_TAGS, summary="Revoke a token", responses=problems(404, 409, 504), sync_to_thread=True
)
def revoke_token(container: InjectedContainer, session: InjectedSession, token: FromPath[str]) -> None:
    """By its id. It is refused from this moment on."""
    container.manage_tokens().revoke(session, token)


HANDLERS = (list_tokens, create_token, describe_token, revoke_token)
