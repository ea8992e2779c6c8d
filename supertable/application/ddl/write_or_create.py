"""Rows for a table that may not exist yet: it is created with their columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from supertable.application.commits.write_result import WriteResult
from supertable.application.ddl.create_table import CreateTable
from supertable.application.storage.arrow.arrow_encodings import with_leaves
from supertable.application.storage.incoming.exact_casts import checked_timezone
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.open_table import OpenTable
from supertable.application.tables.table_info import TableInfo
from supertable.application.writes.write_modes import WriteMode
from supertable.application.writes.write_rows import WriteRows
from supertable.domain.access.roles import Permission
from supertable.domain.errors import InvalidInput, TableNotFound
from supertable.domain.table.commits import CommitInfo
from supertable.domain.table.maintenance_policy import layout_of, with_layout


@dataclass(frozen=True, slots=True)
class WriteTarget:
    """Where and how to write rows. `keys`, `sequence`, `partition_by`, `sort_by`: of the table if it is created; else
    they must be those it has. `comment`: of the table if it is created.

    `create`: whether to create the table if it does not exist. `where`, `timezone`: see `WriteRows`.
    """

    table: str
    mode: WriteMode = WriteMode.APPEND
    keys: Sequence[str] = ()
    sequence: str | None = None
    evolve: bool = False
    info: CommitInfo = field(default_factory=CommitInfo)
    where: str | None = None
    timezone: str = ""
    create: bool = True
    comment: str = ""
    partition_by: Sequence[str] = ()
    sort_by: Sequence[str] = ()


class WriteOrCreate:
    def __init__(self, tables: Tables, create_table: CreateTable, write_rows: WriteRows) -> None:
        self._tables = tables
        self._create_table = create_table
        self._write_rows = write_rows

    def existing(self, namespace: Namespace, target: WriteTarget) -> OpenTable | None:
        """The table, for the caller to write to; None: it does not exist, and is to be created.

        Raises `TableNotFound` if it is not to be created, or the caller may not do that, and `InvalidInput` for keys or
        a layout that it does not have.
        """
        checked_timezone(target.timezone)
        try:
            table = self._tables.open(namespace, target.table, Permission.WRITE)
        except TableNotFound:
            may_create = self._tables.authorization(namespace.session).role.may(Permission.CONTROL)
            if not target.create or target.where is not None or not may_create:
                raise
            if target.mode is WriteMode.UPSERT and not target.keys:
                raise InvalidInput(
                    f"Table {target.table} does not exist. To create it by an upsert, give its key columns "
                    "(keys=, --key)."
                ) from None
            return None
        _check_keys(table, target)
        _check_layout(table, target)
        return table

    def __call__(
        self, namespace: Namespace, target: WriteTarget, existing: OpenTable | None, reader: pa.RecordBatchReader
    ) -> WriteResult:
        """Write the rows as one version. `existing`: as above. Raises what `WriteRows` and `CreateTable` raise.

        If a write fails, no table is created.
        """
        if existing is not None:
            return self._write_rows.write_into(
                existing, reader, target.mode, target.evolve, target.info, target.where, target.timezone
            )
        results: list[WriteResult] = []

        def fill(table: OpenTable) -> None:
            results.append(
                self._write_rows.write_into(
                    table, reader, target.mode, target.evolve, target.info, timezone=target.timezone
                )
            )

        schema = new_schema(reader.schema, target.timezone)
        self._create_table(
            namespace,
            target.table,
            schema,
            target.keys,
            target.sequence,
            target.comment,
            fill,
            target.partition_by,
            target.sort_by,
        )
        return results[0]


def new_schema(given: pa.Schema, timezone: str = "") -> pa.Schema:
    """The columns of a new table for such data. What is null only becomes text, and local times become instants."""

    def leaf(kind: pa.DataType) -> pa.DataType:
        if pa.types.is_null(kind):
            return pa.string()
        is_local = pa.types.is_timestamp(kind) and kind.tz is None
        return pa.timestamp(kind.unit, timezone) if is_local and timezone else kind

    return pa.schema([field.with_type(with_leaves(field.type, leaf)) for field in given])


def _check_keys(table: OpenTable, target: WriteTarget) -> None:
    if not target.keys and not target.sequence:
        return
    info = TableInfo.of(table)
    keys, sequence = info.keys, info.sequence
    if target.keys and [key.lower() for key in target.keys] != [key.lower() for key in keys]:
        has = f"the keys {', '.join(keys)}" if keys else "no keys"
        raise InvalidInput(f"Table {table.name} has {has}. Give key columns for new tables only.")
    if target.sequence and target.sequence.lower() != (sequence or "").lower():
        has = f"the sequence {sequence}" if sequence else "no sequence"
        raise InvalidInput(f"Table {table.name} has {has}. Give a sequence column for new tables only.")


def _check_layout(table: OpenTable, target: WriteTarget) -> None:
    """Layouts are compared as the caller sees them: without hidden columns, and without dropped ones."""
    policy = table.snapshot.definition.maintenance
    wanted = with_layout(policy, table.schema, target.partition_by or None, target.sort_by or None)
    if layout_of(wanted, table.schema) != layout_of(policy, table.schema):
        raise InvalidInput(
            f"Table {table.name} has another layout. Give partition_by and sort_by for new tables only; the "
            "maintenance policy changes those of a table."
        )
