"""The events of the audit log, in the order and form that tests compare."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from supertable.entrypoints.sdk.lakes.lake import Lake

ROWS = pa.table({"id": [1, 2, 3], "name": ["a", "b", "c"]})


def events(lake: Lake) -> list[dict[str, Any]]:
    """All events, oldest first."""
    return lake.audit.events(limit=1_000_000).to_pylist()[::-1]


def event_fields(lake: Lake, *fields: str) -> list[tuple[Any, ...]]:
    """These fields of all events, oldest first."""
    return [tuple(event[field] for field in fields) for event in events(lake)]
