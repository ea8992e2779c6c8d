"""The idempotency key and properties of a commit, checked as they enter from outside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from supertable.domain.errors import InvalidInput
from supertable.domain.table.commits import CommitInfo


def checked_commit_info(idempotency_key: str | None, properties: Mapping[str, str] | None) -> CommitInfo:
    """Raises `InvalidInput` for properties that are not text or too long, and for a key that is empty or too long."""
    checked: dict[Any, Any] = dict(properties or {})
    if not all(isinstance(part, str) for pair in checked.items() for part in pair):
        raise InvalidInput("The names and values of properties must be text, like {'source': 'erp'}.")
    if sum(len(key) + len(value) for key, value in checked.items()) > 65_536:
        raise InvalidInput("Properties have more than 65,536 characters in total.")
    if idempotency_key is not None and not 1 <= len(str(idempotency_key)) <= 255:
        raise InvalidInput("An idempotency key must have 1 to 255 characters.")
    return CommitInfo(checked, idempotency_key)
