"""Conversion between events of the audit log and rows of its table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from supertable.domain.audit import AuditEvent, AuditKind, ChainedEvent

_TEXT = pa.string()
AUDIT_SCHEMA = pa.schema(
    [
        pa.field("sequence", pa.int64(), nullable=False),
        pa.field("at", pa.timestamp("us", "UTC"), nullable=False),
        pa.field("kind", _TEXT, nullable=False),
        pa.field("what", _TEXT, nullable=False),
        pa.field("user", _TEXT, nullable=False),
        pa.field("user_name", _TEXT, nullable=False),
        pa.field("role", _TEXT, nullable=False),
        pa.field("supertable", _TEXT, nullable=False),
        pa.field("tables", pa.list_(_TEXT), nullable=False),
        pa.field("statement", _TEXT, nullable=False),
        pa.field("rows", pa.int64()),
        pa.field("duration_us", pa.int64()),
        pa.field("engine", _TEXT, nullable=False),
        pa.field("version", pa.int64()),
        pa.field("outcome", _TEXT, nullable=False),
        pa.field("request", _TEXT, nullable=False),
        pa.field("previous_hash", _TEXT, nullable=False),
        pa.field("hash", _TEXT, nullable=False),
    ]
)
_COPIED = (
    *("kind", "what", "user", "user_name", "role", "supertable", "statement"),
    *("rows", "duration_us", "engine", "version", "outcome", "request"),
)
"""Columns that have the name and the value of a field of `AuditEvent`."""


def rows_of(links: Sequence[ChainedEvent]) -> pa.Table:
    return pa.Table.from_pylist([_row(link) for link in links], AUDIT_SCHEMA)


def links_of(rows: pa.RecordBatch, organization: str) -> Iterator[ChainedEvent]:
    """Raises `ValueError` for a row that is not an event."""
    times = rows.column("at").cast(pa.int64())
    rest = rows.drop_columns(["at"]).to_pylist()
    for at_us, row in zip(times.to_pylist(), rest, strict=True):
        values = {name: row[name] for name in _COPIED}
        values |= {"kind": AuditKind(row["kind"]), "tables": tuple(row["tables"])}
        event = AuditEvent(at_us=at_us, organization=organization, **values)
        yield ChainedEvent(row["sequence"], event, row["previous_hash"], row["hash"])


def _row(link: ChainedEvent) -> dict[str, Any]:
    event = link.event
    row: dict[str, Any] = {name: getattr(event, name) for name in _COPIED}
    chain = {"sequence": link.sequence, "previous_hash": link.previous, "hash": link.hash}
    return row | chain | {"at": event.at_us, "tables": list(event.tables)}
