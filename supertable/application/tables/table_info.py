"""Descriptions of tables and columns, as use cases return them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from supertable.application.tables.open_table import OpenTable
from supertable.domain.layout.layouts import field_text, sort_text
from supertable.domain.table.maintenance_policy import layout_of
from supertable.domain.table.registry import Registry
from supertable.domain.timestamps import moment


@dataclass(frozen=True, slots=True)
class TableInfo:
    """A table at its newest version. `rows`: live rows. `dead_rows`: rows that are deleted but still in its files.

    Fields are None if the caller sees only a part of the table. `partition_by`, `sort_by`: the layout of its files.
    """

    name: str
    version: int
    rows: int | None
    dead_rows: int | None
    files: int | None
    bytes: int | None
    keys: list[str]
    sequence: str | None
    created_at: datetime
    updated_at: datetime
    comment: str
    partition_by: list[str]
    sort_by: list[str]

    @classmethod
    def of(cls, table: OpenTable) -> TableInfo:
        snapshot = table.snapshot
        partition_by, sort_by = layout_texts(table)
        whole = table.access is None
        shown = table.schema
        sequence = snapshot.sequence_name
        return cls(
            name=table.name,
            version=snapshot.version,
            rows=snapshot.rows if whole else None,
            dead_rows=snapshot.dead_rows if whole else None,
            files=len(snapshot.files) if whole else None,
            bytes=snapshot.bytes if whole else None,
            keys=[key for key in snapshot.key_names if shown.find(key)],
            sequence=sequence if sequence and shown.find(sequence) else None,
            created_at=moment(snapshot.created_at_us),
            updated_at=moment(snapshot.committed_at_us),
            comment=snapshot.definition.comment,
            partition_by=partition_by,
            sort_by=sort_by,
        )


def layout_texts(table: OpenTable) -> tuple[list[str], list[str]]:
    """How the table is partitioned and sorted, by the columns that the caller sees."""
    policy, shown = table.snapshot.definition.maintenance, table.schema
    partitions = (field_text(each, shown) for each in policy.partition_by)
    return [text for text in partitions if text], [sort_text(each) for each in layout_of(policy, shown).sort_by]


@dataclass(frozen=True, slots=True)
class ViewInfo:
    """A view. `definition`: its query; None for roles that do not reach everything, since it names what it reads."""

    name: str
    version: int
    definition: str | None
    created_at: datetime
    updated_at: datetime
    comment: str

    @classmethod
    def of(cls, view: OpenTable, reaches_all: bool) -> ViewInfo:
        snapshot = view.snapshot
        return cls(
            name=view.name,
            version=snapshot.version,
            definition=snapshot.definition.view if reaches_all else None,
            created_at=moment(snapshot.created_at_us),
            updated_at=moment(snapshot.committed_at_us),
            comment=snapshot.definition.comment,
        )


@dataclass(frozen=True, slots=True)
class DroppedTable:
    """A dropped table. It can be restored by name until a vacuum removes it."""

    name: str
    dropped_at: datetime

    @classmethod
    def all_of(cls, registry: Registry) -> list[DroppedTable]:
        """All dropped tables of the registry, the latest first."""
        return [cls(entry.name, moment(entry.dropped_at_us or 0)) for entry in registry.dropped if not entry.view]


@dataclass(frozen=True, slots=True)
class ColumnInfo:
    """A column. `type`: as `str(DataType)` writes it."""

    name: str
    type: str
    nullable: bool
    comment: str
    field_id: int

    @classmethod
    def of(cls, table: OpenTable) -> list[ColumnInfo]:
        return [
            cls(column.name, str(column.type), column.nullable, column.comment, column.id)
            for column in table.schema.fields
        ]
