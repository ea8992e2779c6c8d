"""`ETag` and `If-Match`: conditional changes, which prevent lost updates.

A tag covers what people edit; writing rows changes no tag. Without `If-Match` the last edit wins.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Annotated

import msgspec
from litestar.params import HeaderParameter

from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.open_table import OpenTable
from supertable.domain.access.roles import Permission
from supertable.domain.errors import Outdated

IfMatch = Annotated[
    str | None,
    HeaderParameter(
        name="If-Match",
        max_length=2000,
        description=(
            "The `ETag` of the state that was read. If the state has changed since, the response is 412 and nothing "
            "is changed. Without it, the change applies to any state."
        ),
    ),
]


def etag_of(*parts: object) -> str:
    """A tag that differs if any of the parts does."""
    return f'"{hashlib.blake2b(msgspec.json.encode(parts), digest_size=16).hexdigest()}"'


def version_etag(version: int) -> str:
    return f'"{version}"'


def matched_table(
    tables: Tables, namespace: Namespace, name: str, if_match: str | None, etag: Callable[[OpenTable], str]
) -> OpenTable | None:
    """The table that a conditional request was made for; None for an unconditional one. Raises `Outdated`.

    The match holds only for the moment of this call. Use cases compare the table with the one they change.
    """
    if not _is_conditional(if_match):
        return None
    table = tables.open(namespace, name, Permission.META)
    require_match(if_match, etag(table), f"Table {table.name}")
    return table


def matched_version(if_match: str | None, what: str) -> int | None:
    """The version in a tag of `version_etag`; None for an unconditional request. Raises `Outdated`."""
    if not _is_conditional(if_match):
        return None
    number = (if_match or "").strip().strip('"')
    if not number.isascii() or not number.isdigit() or len(number) > 18:
        raise Outdated(what)
    return int(number)


def require_match(if_match: str | None, etag: str, what: str) -> None:
    """Raises `Outdated` if the condition does not hold. Weak tags match nothing (RFC 9110, 13.1.1)."""
    if _is_conditional(if_match) and etag not in [tag.strip() for tag in (if_match or "").split(",")]:
        raise Outdated(what)


def _is_conditional(if_match: str | None) -> bool:
    return if_match is not None and if_match.strip() != "*"
