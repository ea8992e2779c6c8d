"""Small domain objects for tests."""

from __future__ import annotations

from typing import Any

from supertable.domain.schema.schemas import first_schema
from supertable.domain.schema.types import DataType, Field
from supertable.domain.table.commits import Change, Commit, CommitInfo, Operation, TableDefinition
from supertable.domain.table.data_files import ColumnRange, DataFile, DeletionVector

SCHEMA = first_schema([Field(0, "id", DataType("int64")), Field(0, "value", DataType("string"))])


def data_file(name: str, rows: int = 10, dead: int = 0) -> DataFile:
    vector = DeletionVector(f"deletes/{name}-{dead}.arrow", dead, "0" * 32) if dead else None
    return DataFile(f"data/{name}.parquet", rows, rows * 8, "0" * 32, 1, {1: ColumnRange(0, 9, 0)}, vector)


def commit(version: int, operation: Operation = Operation.APPEND, key: str | None = None, **change: Any) -> Commit:
    info = CommitInfo({}, key)
    return Commit(f"{version:032x}", version, version * 1_000_000, Change(operation, **change), info)


def created() -> Commit:
    return commit(1, Operation.CREATE, definition=TableDefinition((1,)), schema=SCHEMA)
