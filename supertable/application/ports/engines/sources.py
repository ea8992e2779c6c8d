"""The data that the relations of a statement are bound to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa

from supertable.domain.scan.scan_plan import Scan
from supertable.domain.schema.schemas import Schema


@dataclass(frozen=True, slots=True)
class Union:
    """A relation that names a supertable: the union of its tables by column name; `_table` has the table's name."""

    scans: tuple[Scan, ...]


@dataclass(frozen=True, slots=True)
class ChangeStep:
    """The rows that one version deleted and inserted, both read under the schema of `Changes`."""

    version: int
    deleted: Scan
    inserted: Scan


@dataclass(frozen=True, slots=True)
class Changes:
    """Changed rows, with columns `_change` and `_version` before the table's columns.

    `_change` is `insert` or `delete`. Where one version deletes and inserts a row with the same key, it is
    `update_before` and `update_after`. Without `keys` there are no updates. `steps` are in order of version.
    """

    schema: Schema
    keys: tuple[str, ...]
    steps: tuple[ChangeStep, ...]


@dataclass(frozen=True, slots=True)
class Given:
    """Rows that no table holds, such as a listing. `read` begins to read them; every call from the first row on."""

    names: tuple[str, ...]
    read: Callable[[], pa.RecordBatchReader]

    @classmethod
    def of(cls, table: pa.Table) -> Given:
        return cls(tuple(table.schema.names), table.to_reader)


Source = Scan | Union | Changes | Given
"""The data that a relation is bound to."""
Scans = Mapping[int, Source]
"""By the ids of a statement's relations."""


def scans_of(source: Source) -> Iterator[Scan]:
    """The reads of tables that a source consists of."""
    if isinstance(source, Changes):
        for step in source.steps:
            yield from (step.deleted, step.inserted)
    elif not isinstance(source, Given):
        yield from source.scans if isinstance(source, Union) else (source,)
