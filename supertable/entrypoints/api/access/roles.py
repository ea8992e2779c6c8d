"""`/roles`: what users and tokens may do and see. Requires the permission `rbac`."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Response, delete, get, patch, post, put
from litestar.params import FromPath, JSONBody, QueryParameter

from supertable.application.access_control.role_descriptions import RoleInfo
from supertable.application.tables.namespace import Namespace
from supertable.domain.access.roles import SUPERADMIN
from supertable.domain.access.sessions import Session
from supertable.domain.names import DEFAULT_SUPERTABLE, name_key
from supertable.entrypoints.api.openapi.problem_responses import change_problems, problems
from supertable.entrypoints.api.openapi.response_headers import ETAG_HEADER, LOCATION_HEADER
from supertable.entrypoints.api.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, paginate
from supertable.entrypoints.web.requests.etags import IfMatch, matched_version, version_etag
from supertable.entrypoints.web.requests.json_bodies import Body
from supertable.entrypoints.web.service.dependencies import InjectedContainer, InjectedSession

_TAGS = ["roles"]
_ROLE = "/roles/{role:str}"
_GRANT = _ROLE + "/grants/{table:str}"

Type = Annotated[
    str,
    msgspec.Meta(
        description="What the role may do: `superadmin`, `admin`, `writer`, `reader` or `meta`.",
        examples=["reader"],
        max_length=128,
    ),
]
Patterns = Annotated[
    list[str],
    msgspec.Meta(
        description="The tables that the role sees as a whole, by name or pattern.",
        examples=[["orders", "sales_*", "main.*"]],
    ),
]


class NewRole(Body):
    """A role to create."""

    name: Annotated[str, msgspec.Meta(examples=["analyst"])]
    type: Type
    tables: Patterns = msgspec.field(default_factory=list)
    comment: str = ""


class RoleEdit(Body):
    """Changes to a role. Omitted fields keep their values. Grants of parts of tables are not changed."""

    type: Type | None = None
    tables: Patterns | None = None
    comment: str | None = None


class Grant(Body):
    """The part of a table that a role sees. An empty object grants the whole table, or all tables of a pattern."""

    columns: (
        Annotated[list[str], msgspec.Meta(description="The visible columns. Null: all columns, including later ones.")]
        | None
    ) = None
    masks: (
        Annotated[
            dict[str, str],
            msgspec.Meta(
                description="The masks of columns: `null`, `hash`, `constant:TEXT`, `first:2` or `last:4`.",
                examples=[{"card": "last:4"}],
            ),
        ]
        | None
    ) = None
    where: (
        Annotated[
            str,
            msgspec.Meta(
                description="The row filter, a SQL condition. Rows for which it is true are visible.",
                examples=["region = user_attribute('region')"],
            ),
        ]
        | None
    ) = None


@get("/roles", tags=_TAGS, summary="List roles", responses=problems(), sync_to_thread=True)
def list_roles(
    container: InjectedContainer, session: InjectedSession, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[RoleInfo]:
    """Return the roles: `superadmin`, which always exists, then the others by name."""
    return paginate("roles", container.manage_roles().list(session), _sort_key, limit, cursor)


@post(
    "/roles",
    tags=_TAGS,
    summary="Create a role",
    responses=change_problems(),
    response_headers=[ETAG_HEADER, LOCATION_HEADER],
    sync_to_thread=True,
)
def create_role(container: InjectedContainer, session: InjectedSession, data: JSONBody[NewRole]) -> Response[RoleInfo]:
    """Create a role and return it with 201.

    Assign the role to users at `/users`. Returns 409 if the name is in use.
    """
    created = container.manage_roles().create(session, data.name, data.type, data.tables, data.comment)
    return _response(created, 201, {"Location": f"/api/v1/roles/{created.name}"})


@get(
    _ROLE,
    tags=_TAGS,
    summary="Describe a role",
    responses=problems(404),
    response_headers=[ETAG_HEADER],
    sync_to_thread=True,
)
def describe_role(container: InjectedContainer, session: InjectedSession, role: FromPath[str]) -> Response[RoleInfo]:
    """Return a role with its grants. Tables have their current names; row filters are SQL."""
    return _response(container.manage_roles().get(session, role))


@patch(
    _ROLE,
    tags=_TAGS,
    summary="Change a role",
    responses=change_problems(404, 412),
    response_headers=[ETAG_HEADER],
    sync_to_thread=True,
)
def edit_role(
    container: InjectedContainer,
    session: InjectedSession,
    role: FromPath[str],
    data: JSONBody[RoleEdit],
    if_match: IfMatch = None,
) -> Response[RoleInfo]:
    """Change a role and return it. The change applies from the next request under the role."""
    version = matched_version(if_match, f"Role {role}")
    return _response(container.manage_roles().alter(session, role, data.type, data.tables, data.comment, version))


@delete(_ROLE, tags=_TAGS, summary="Drop a role", responses=problems(404, 412, 409, 504), sync_to_thread=True)
def drop_role(
    container: InjectedContainer,
    session: InjectedSession,
    role: FromPath[str],
    force: Annotated[
        bool,
        QueryParameter(
            description="Drop the role even if it is in use: remove it from its users and revoke its tokens."
        ),
    ] = False,
    if_match: IfMatch = None,
) -> None:
    """Drop a role. A role that is in use is refused with 400, unless `force` is true."""
    container.manage_roles().drop(session, role, force, matched_version(if_match, f"Role {role}"))


@put(
    _GRANT,
    tags=_TAGS,
    summary="Grant tables to a role",
    responses=change_problems(404, 412),
    response_headers=[ETAG_HEADER],
    sync_to_thread=True,
)
def put_grant(
    container: InjectedContainer,
    session: InjectedSession,
    role: FromPath[str],
    table: FromPath[str],
    data: JSONBody[Grant],
    if_match: IfMatch = None,
) -> Response[RoleInfo]:
    """Grant a table, a part of it, or all tables of a pattern to a role, and return the role.

    `table` is a name or pattern, like `orders` (in the supertable `main`), `sales.orders`, `sales_*` or `*`. The grant
    replaces an earlier grant of the table.
    """
    version = matched_version(if_match, f"Role {role}")
    roles, namespace = container.manage_roles(), _namespace(session)
    if data == Grant():
        return _response(roles.grant(namespace, role, [table], version))
    return _response(roles.grant_rule(namespace, role, table, data.columns, data.masks, data.where, version))


@delete(
    _GRANT, tags=_TAGS, summary="Revoke tables from a role", responses=problems(404, 412, 409, 504), sync_to_thread=True
)
def delete_grant(
    container: InjectedContainer,
    session: InjectedSession,
    role: FromPath[str],
    table: FromPath[str],
    if_match: IfMatch = None,
) -> None:
    """Revoke a grant from a role.

    `table` is the name or pattern of the grant. If it names a table, a grant of a part of that table is revoked, too.
    """
    container.manage_roles().revoke(_namespace(session), role, table, matched_version(if_match, f"Role {role}"))


def _namespace(session: Session) -> Namespace:
    return Namespace(session.organization, DEFAULT_SUPERTABLE, session)


def _sort_key(info: RoleInfo) -> str:
    return "" if info.name == SUPERADMIN.name else name_key(info.name)


def _response(info: RoleInfo, status: int = 200, headers: dict[str, str] | None = None) -> Response[RoleInfo]:
    return Response(info, status_code=status, headers={"ETag": version_etag(info.version), **(headers or {})})


HANDLERS = (list_roles, create_role, describe_role, edit_role, drop_role, put_grant, delete_grant)
