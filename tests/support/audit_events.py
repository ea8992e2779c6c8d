"""The audit log as tests look at it."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from supertable.entrypoints.sdk.lake import Lake

ROWS = pa.table({"id": [1, 2, 3], "name": ["a", "b", "c"]})


def events(lake: Lake) -> list[dict[str, Any]]:
    """Oldest first."""
    return lake.audit.events(limit=1_000_000).to_pylist()[::-1]


def told(lake: Lake, *fields: str) -> list[tuple[Any, ...]]:
    return [tuple(event[field] for field in fields) for event in events(lake)]
