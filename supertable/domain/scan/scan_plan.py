"""The view chain behind a table reference in a query: base data > dedup > tombstones > access.

It is the engine-independent plan of one read of one snapshot; each engine compiles it to its own SQL. The base data
are groups of files that were written under one schema. Clean files are read directly, dirty ones through their deletion
vectors, and files without objects as one table of their live rows. Columns are matched by field id, so renamed, widened
and added columns need no rewriting.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from supertable.domain.access.masks import Mask
from supertable.domain.access.row_filters import Term
from supertable.domain.scan.file_lists import bytes_of, parts_of
from supertable.domain.scan.predicates import ALWAYS, Predicate
from supertable.domain.schema.schemas import Schema
from supertable.domain.schema.types import Field, Scalar
from supertable.domain.table.data_files import DataFile
from supertable.domain.table.file_sets import ChangedFiles, Parts
from supertable.domain.table.snapshots import Snapshot

_MOST_KEPT = 4096
ROWS_OF_FILE = 2**40
"""A row is located by one number: the index of its file in the scan's files times this, plus its position there."""


@dataclass(frozen=True, slots=True)
class FileGroup:
    """Files that were written under the same schema. `dirty`: those with hidden rows. `inline`: without objects."""

    schema: Schema
    clean: Sequence[DataFile]
    dirty: Sequence[DataFile]
    inline: Sequence[DataFile] = ()


@dataclass(frozen=True, slots=True)
class AccessStage:
    """The part of a table that a caller sees. `columns`: field ids; None: all. `masks`: by field id.

    `condition`: the row filter, bound to the caller; None: all rows. `mask_key`: a secret that keys the hashes of
    masked values.
    """

    columns: frozenset[int] | None = None
    masks: Mapping[int, Mask] = field(default_factory=dict)
    condition: Term | None = None
    mask_key: str = field(default="", repr=False)

    def shown(self, schema: Schema) -> Schema:
        """The columns as the caller sees them: without hidden ones; masked ones have the type of their masks."""
        columns = [column for column in schema.fields if self.columns is None or column.id in self.columns]
        return replace(schema, fields=tuple(map(self._shown, columns)))

    def unmasked(self, schema: Schema) -> Schema:
        """The columns whose values the caller sees unmasked."""
        visible = self.shown(schema).fields
        return replace(schema, fields=tuple(field for field in visible if field.id not in self.masks))

    def _shown(self, column: Field) -> Field:
        mask = self.masks.get(column.id)
        return replace(column, type=mask.masked_type(column.type), nullable=True) if mask else column


@dataclass(frozen=True, slots=True)
class Scan:
    """A read of one table at one version, after pruning. `groups`: the files to read. `folder`: the table's folder.

    `files_total` and `rows_total` count the files and rows of the snapshot. `schema` has all columns that are read;
    `access` applies last and decides which of them are `shown`.

    `residual`: a predicate that the rows must also meet. It compares columns exactly (see `exact_predicates`).
    `hidden`: bitmaps of rows to leave out, by path of the file. They replace the file's deletion vector.
    `row_id`: the name of one more column, which locates each row (see `ROWS_OF_FILE`); empty: without it.
    `summary`: the values of the statement's aggregates, where the snapshot knows them all; None: it does not.
    `snapshot`: the whole version, of which `groups` are what is left after pruning; None: other rows are read.
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
    row_id: str = ""
    summary: tuple[Scalar | None, ...] | None = None
    snapshot: Snapshot | None = field(default=None, compare=False, repr=False)

    @property
    def shown(self) -> Schema:
        """The columns of the result."""
        return self.access.shown(self.schema) if self.access else self.schema

    @property
    def all_rows(self) -> bool:
        """Whether the caller sees every live row."""
        return self.access is None or self.access.condition is None

    @property
    def files(self) -> tuple[DataFile, ...]:
        """All files, in the order that numbers them: those with objects first."""
        stored = (file for group in self.groups for file in (*group.clean, *group.dirty))
        return (*stored, *(file for group in self.groups for file in group.inline))

    @property
    def file_count(self) -> int:
        return sum(len(group.clean) + len(group.dirty) + len(group.inline) for group in self.groups)

    @property
    def bytes_to_read(self) -> int:
        return sum(bytes_of(part) for group in self.groups for part in (group.clean, group.dirty, group.inline))


def grouped(
    files: Iterable[DataFile], schemas: Mapping[int, Schema], hidden: Collection[str] = ()
) -> tuple[FileGroup, ...]:
    """Groups the files by the schema they were written under, oldest schema first; files keep their order.

    Files with a deletion vector are dirty, and so are those whose path is in `hidden`.
    """
    return _groups(parts_of(files, hidden), schemas)


def grouped_files(snapshot: Snapshot) -> tuple[FileGroup, ...] | None:
    """`grouped` for all files of the snapshot, once for all scans of it. None: they are too many to be kept so."""
    files = snapshot.files
    if not isinstance(files, ChangedFiles) or len(files) > _MOST_KEPT:
        return None
    return _groups(files.by_schema, snapshot.schemas)


def _groups(parts: Mapping[int, Parts], schemas: Mapping[int, Schema]) -> tuple[FileGroup, ...]:
    return tuple(FileGroup(schemas[schema_id], *parts[schema_id]) for schema_id in sorted(parts))
