"""The supertable of each organization in which SuperTable stores its own tables. Only SuperTable writes to it."""

from __future__ import annotations

from supertable.domain.names import name_key

SYSTEM = "system"
AUDIT = "audit"


def is_system(supertable: str) -> bool:
    return name_key(supertable) == SYSTEM
