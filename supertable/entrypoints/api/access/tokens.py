"""`/tokens`: the caller's own tokens, or with the permission `rbac` those of all users."""

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
    """A token to create.

    `user`: its owner; null: the caller. `role`: the only role that the token grants; null: any role of the user.
    """

    name: Annotated[str, msgspec.Meta(description="The purpose of the token.", examples=["nightly load"])]
    user: str | None = None
    role: str | None = None
    lifetime_seconds: Annotated[
        float | None,
        msgspec.Meta(
            description="Seconds until the token expires: 90 days by default; null: it never expires.",
            examples=[86_400],
        ),
    ] = TOKEN_SECONDS


class IssuedToken(msgspec.Struct, frozen=True):
    """A new token. `secret` is the token itself. It is not stored, so it is shown only once."""

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
    user: Annotated[str | None, QueryParameter(description="Return only tokens of this user, by name or hash.")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[TokenInfo]:
    """Return the tokens that the caller may revoke, newest first, without their secrets."""
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
    """Create a token and return it with 201. `secret` is shown only in this response."""
    issued = container.manage_tokens().create(session, data.name, data.user, data.role, data.lifetime_seconds)
    headers = {"Location": f"/api/v1/tokens/{issued.info.id}", "Cache-Control": "no-store"}
    return Response(IssuedToken(**asdict(issued.info), secret=issued.secret), status_code=201, headers=headers)


@get("/tokens/{token:str}", tags=_TAGS, summary="Describe a token", responses=problems(404), sync_to_thread=True)
def describe_token(container: InjectedContainer, session: InjectedSession, token: FromPath[str]) -> TokenInfo:
    """Return a token without its secret. `token` is its id."""
    found = next((info for info in container.manage_tokens().list(session) if info.id == token.lower()), None)
    if found is None:
        raise NotFound(f"There is no token with the id {token[:80]!r}.")
    return found


@delete(
    "/tokens/{token:str}", tags=_TAGS, summary="Revoke a token", responses=problems(404, 409, 504), sync_to_thread=True
)
def revoke_token(container: InjectedContainer, session: InjectedSession, token: FromPath[str]) -> None:
    """Revoke a token at once: later requests with it get 401. `token` is its id."""
    container.manage_tokens().revoke(session, token)


HANDLERS = (list_tokens, create_token, describe_token, revoke_token)
