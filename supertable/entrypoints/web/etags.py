"""`ETag` and `If-Match`, so that nobody undoes unseen what another did meanwhile.

A tag stands for what people edit: rows that are written change none. Without `If-Match` the last edit wins.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Annotated

import msgspec
from litestar.datastructures import ResponseHeader
from litestar.params import HeaderParameter

from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.open_table import OpenTable
from supertable.domain.access.roles import Permission
from supertable.domain.errors import Outdated

IfMatch = Annotated[
    str | None,
    HeaderParameter(name="If-Match", max_length=2000, description="The `ETag` of what was read; another state is 412."),
]
ETAG_HEADER = ResponseHeader(
    name="ETag", documentation_only=True, description="For `If-Match`, to change just what was read."
)


def etag_of(*parts: object) -> str:
    """Differs where one of the parts does."""
    return f'"{hashlib.blake2b(msgspec.json.encode(parts), digest_size=16).hexdigest()}"'


def as_read(
    tables: Tables, place: Namespace, name: str, if_match: str | None, etag: Callable[[OpenTable], str]
) -> OpenTable | None:
    """The table that a conditional request is for, None for an unconditional one. Raises `Outdated`.

    Use cases compare it with what they change; this tells only that it was so a moment ago.
    """
    if not _conditional(if_match):
        return None
    table = tables.open(place, name, Permission.META)
    require_match(if_match, etag(table), f"Table {table.name}")
    return table


def version_as_read(if_match: str | None, what: str) -> int | None:
    """The version in an ETag of `of_version`, None for an unconditional request. Raises `Outdated`."""
    if not _conditional(if_match):
        return None
    number = (if_match or "").strip().strip('"')
    if not number.isascii() or not number.isdigit() or len(number) > 18:
        raise Outdated(what)
    return int(number)


def of_version(version: int) -> str:
    return f'"{version}"'


def require_match(if_match: str | None, etag: str, what: str) -> None:
    """Raises `Outdated`. Weak tags match nothing (RFC 9110, 13.1.1)."""
    if _conditional(if_match) and etag not in [tag.strip() for tag in (if_match or "").split(",")]:
        raise Outdated(what)


def _conditional(if_match: str | None) -> bool:
    return if_match is not None and if_match.strip() != "*"
