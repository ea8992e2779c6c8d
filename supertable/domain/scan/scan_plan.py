"""What a table reference in a query stands for: base data > dedup > tombstones > access.

This is the engine-independent plan of one read of one snapshot; each engine compiles it to its own SQL. The base data
are groups of files that were written under one schema; clean files are read bare, dirty ones through their deletion
vectors; columns are matched by field id, so renamed, widened and added columns need no rewriting.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from supertable.domain.access.masks import Mask
from supertable.domain.access.row_filters import Term
from supertable.domain.scan.predicates import ALWAYS, Predicate
from supertable.domain.schema.schemas import Schema
from supertable.domain.schema.types import Field
from supertable.domain.table.data_files import DataFile


@dataclass(frozen=True, slots=True)
class FileGroup:
    """Files that share one schema, the one under which they were written."""

    schema: Schema
    clean: tuple[DataFile, ...]
    dirty: tuple[DataFile, ...]


@dataclass(frozen=True, slots=True)
class AccessStage:
    """What a caller sees of a table. `columns`: field ids, None: all. `condition`: bound to the caller, None: all rows.

    `mask_key` is a secret that keys the hashes of masked values.
    """

    columns: frozenset[int] | None = None
    masks: Mapping[int, Mask] = field(default_factory=dict)
    condition: Term | None = None
    mask_key: str = field(default="", repr=False)

    def shown(self, schema: Schema) -> Schema:
        """The columns as the caller sees them: some are missing, masked ones have the type of their masks."""
        columns = [column for column in schema.fields if self.columns is None or column.id in self.columns]
        return replace(schema, fields=tuple(map(self._shown, columns)))

    def unmasked(self, schema: Schema) -> Schema:
        """Those columns whose values the caller sees as they are."""
        return replace(schema, fields=tuple(one for one in self.shown(schema).fields if one.id not in self.masks))

    def _shown(self, column: Field) -> Field:
        mask = self.masks.get(column.id)
        return replace(column, type=mask.masked_type(column.type), nullable=True) if mask else column


@dataclass(frozen=True, slots=True)
class Scan:
    """One table at one version, pruned. `files_total` counts the snapshot's files, `groups` holds those to read.

    `schema` has all columns that are read; what comes of them is `shown`: `access` stands behind all else.

    `residual`: what the statement makes necessary of the rows, to be tested before anything that could fail is.
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
    access: AccessStage | None = None
    residual: Predicate = ALWAYS

    @property
    def shown(self) -> Schema:
        """The columns of the rows that come out."""
        return self.access.shown(self.schema) if self.access else self.schema

    @property
    def all_rows(self) -> bool:
        """Whether the caller sees every row that is alive."""
        return self.access is None or self.access.condition is None

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
