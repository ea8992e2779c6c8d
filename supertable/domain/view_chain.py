"""What a table reference in a query stands for: base data > dedup > tombstones > access.

This is the engine-independent plan of one read of one snapshot; each engine compiles it to its own SQL. The base data
are groups of files that were written under one schema; clean files are read bare, dirty ones through their deletion
vectors; columns are matched by field id, so renamed, widened and added columns need no rewriting.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from supertable.domain.files import DataFile
from supertable.domain.schemas import Schema


@dataclass(frozen=True, slots=True)
class FileGroup:
    """Files that share one schema, the one under which they were written."""

    schema: Schema
    clean: tuple[DataFile, ...]
    dirty: tuple[DataFile, ...]


@dataclass(frozen=True, slots=True)
class Scan:
    """One table at one version, pruned. `files_total` counts the snapshot's files, `groups` holds those to read.

    `hidden`: bitmaps of rows to leave out that stand in place of a dirty file's deletion vector, by path of the file.
    """

    table: str
    folder: str
    version: int
    schema: Schema
    groups: tuple[FileGroup, ...]
    files_total: int
    rows_total: int
    hidden: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def files(self) -> tuple[DataFile, ...]:
        return tuple(file for group in self.groups for file in (*group.clean, *group.dirty))

    @property
    def bytes_to_read(self) -> int:
        return sum(file.bytes for file in self.files)


def grouped(
    files: Iterable[DataFile], schemas: Mapping[int, Schema], hidden: Collection[str] = ()
) -> tuple[FileGroup, ...]:
    """The files by the schema they were written under, oldest schema first, each group's files in their order.

    Files with a deletion vector are dirty, and those whose path is among `hidden`.
    """
    by_schema: dict[int, tuple[list[DataFile], list[DataFile]]] = {}
    for file in files:
        clean, dirty = by_schema.setdefault(file.schema_id, ([], []))
        (dirty if file.deletes or file.path in hidden else clean).append(file)
    return tuple(
        FileGroup(schemas[schema_id], tuple(clean), tuple(dirty))
        for schema_id, (clean, dirty) in sorted(by_schema.items())
    )
