"""The supertable that every organization has for what SuperTable itself keeps in tables. Only it writes there."""

from __future__ import annotations

from supertable.domain.names import name_key

SYSTEM = "system"
AUDIT = "audit"


def is_system(supertable: str) -> bool:
    return name_key(supertable) == SYSTEM
