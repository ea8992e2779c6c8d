"""The idempotency key and properties of a commit, checked as they enter from outside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from supertable.domain.errors import InvalidInput
from supertable.domain.names import require_unicode
from supertable.domain.table.commits import CommitInfo


def checked_commit_info(idempotency_key: object, properties: Mapping[str, str] | None) -> CommitInfo:
    """Raises `InvalidInput` for properties that are not text or too long, and for a key that is empty or too long."""
    checked: dict[Any, Any] = dict(properties or {})
    if not all(isinstance(part, str) for pair in checked.items() for part in pair):
        raise InvalidInput("The names and values of properties must be text, like {'source': 'erp'}.")
    if sum(len(key) + len(value) for key, value in checked.items()) > 65_536:
        raise InvalidInput("Properties have more than 65,536 characters in total.")
    for name, value in checked.items():
        require_unicode("A property", name + value)
    if idempotency_key is None:
        return CommitInfo(checked)
    if not isinstance(idempotency_key, str) or not 1 <= len(idempotency_key) <= 255:
        raise InvalidInput("An idempotency key must be text of 1 to 255 characters.")
    require_unicode("The idempotency key", idempotency_key)
    return CommitInfo(checked, idempotency_key)
