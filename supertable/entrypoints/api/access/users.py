"""`/users`: who may sign in, and with which roles. Requires the permission `rbac`."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody

from supertable.application.access_control.manage_users import UserInfo
from supertable.domain.names import name_key
from supertable.entrypoints.api.openapi.problem_responses import change_problems, problems
from supertable.entrypoints.api.openapi.response_headers import ETAG_HEADER, LOCATION_HEADER
from supertable.entrypoints.api.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, paginate
from supertable.entrypoints.web.requests.etags import IfMatch, matched_version, version_etag
from supertable.entrypoints.web.requests.json_bodies import Body
from supertable.entrypoints.web.service.dependencies import InjectedContainer, InjectedSession

_TAGS = ["users"]
_USER = "/users/{user:str}"

Roles = Annotated[
    list[str], msgspec.Meta(description="The user's roles. The first is the default.", examples=[["analyst"]])
]
Attributes = Annotated[
    dict[str, str], msgspec.Meta(description="Values that row filters may use.", examples=[{"region": "north"}])
]


class NewUser(Body):
    """A user to create. A user who is not `enabled` cannot sign in."""

    name: Annotated[str, msgspec.Meta(examples=["ada"])]
    roles: Roles = msgspec.field(default_factory=list)
    attributes: Attributes = msgspec.field(default_factory=dict)
    enabled: bool = True


class UserEdit(Body):
    """Changes to a user. Omitted fields keep their values; the hash never changes."""

    name: str | None = None
    roles: Roles | None = None
    attributes: Attributes | None = None
    enabled: bool | None = None


@get("/users", tags=_TAGS, summary="List users", responses=problems(), sync_to_thread=True)
def list_users(
    container: InjectedContainer, session: InjectedSession, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[UserInfo]:
    """Return the users by name."""
    return paginate("users", container.manage_users().list(session), lambda info: name_key(info.name), limit, cursor)


@post(
    "/users",
    tags=_TAGS,
    summary="Create a user",
    responses=change_problems(404),
    response_headers=[ETAG_HEADER, LOCATION_HEADER],
    sync_to_thread=True,
)
def create_user(container: InjectedContainer, session: InjectedSession, data: JSONBody[NewUser]) -> Response[UserInfo]:
    """Create a user and return it with 201.

    The user's hash never changes, even if the name does. To sign in, the user needs a token: see `/tokens`. Returns
    409 if the name is in use.
    """
    created = container.manage_users().create(session, data.name, data.roles, data.attributes, data.enabled)
    return _response(created, 201, {"Location": f"/api/v1/users/{created.hash}"})


@get(
    _USER,
    tags=_TAGS,
    summary="Describe a user",
    responses=problems(404),
    response_headers=[ETAG_HEADER],
    sync_to_thread=True,
)
def describe_user(container: InjectedContainer, session: InjectedSession, user: FromPath[str]) -> Response[UserInfo]:
    """Return a user. `user` is a name or a hash."""
    return _response(container.manage_users().get(session, user))


@patch(
    _USER,
    tags=_TAGS,
    summary="Change a user",
    responses=change_problems(404, 412),
    response_headers=[ETAG_HEADER],
    sync_to_thread=True,
)
def edit_user(
    container: InjectedContainer,
    session: InjectedSession,
    user: FromPath[str],
    data: JSONBody[UserEdit],
    if_match: IfMatch = None,
) -> Response[UserInfo]:
    """Change a user and return it. `user` is a name or a hash.

    The change applies from the user's next request. The tokens of a disabled user are refused.
    """
    version = matched_version(if_match, f"User {user}")
    return _response(container.manage_users().alter(session, user, **msgspec.structs.asdict(data), version=version))


@delete(_USER, tags=_TAGS, summary="Drop a user", responses=problems(404, 412, 409, 504), sync_to_thread=True)
def drop_user(
    container: InjectedContainer, session: InjectedSession, user: FromPath[str], if_match: IfMatch = None
) -> None:
    """Drop a user and revoke the user's tokens at once. `user` is a name or a hash."""
    container.manage_users().drop(session, user, matched_version(if_match, f"User {user}"))


def _response(info: UserInfo, status: int = 200, headers: dict[str, str] | None = None) -> Response[UserInfo]:
    return Response(info, status_code=status, headers={"ETag": version_etag(info.version), **(headers or {})})


HANDLERS = (list_users, create_user, describe_user, edit_user, drop_user)
