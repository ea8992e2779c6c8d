"""What a writer says about a commit, as it comes from outside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from supertable.domain.errors import InvalidInput
from supertable.domain.table.commits import CommitInfo


def commit_info(idempotency_key: str | None, properties: Mapping[str, str] | None) -> CommitInfo:
    """Raises `InvalidInput`."""
    given: dict[Any, Any] = dict(properties or {})
    if not all(isinstance(part, str) for pair in given.items() for part in pair):
        raise InvalidInput("Properties are text by text, like {'source': 'erp'}.")
    if sum(len(key) + len(value) for key, value in given.items()) > 65_536:
        raise InvalidInput("Properties may have 65,536 characters in all.")
    if idempotency_key is not None and not 1 <= len(str(idempotency_key)) <= 255:
        raise InvalidInput("An idempotency key is text of 1 to 255 characters.")
    return CommitInfo(given, idempotency_key)
