"""Data files and deletion vectors: the metadata of each object that a snapshot contains.

Small ones have no object: their rows, or the positions of their dead rows, are in the commit record itself, and in the
checkpoints after it (decision 0026).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from supertable.domain.schema.types import Scalar
from supertable.domain.storage_layout import file_key

Content = bytes
"""A name of its own, since `bytes` is a field of `DataFile`."""


@dataclass(frozen=True, slots=True)
class ColumnRange:
    """The range of a column in a file. Values other than null are in low…high, both included; None: unknown bound.

    `nulls` counts nulls. Float columns with a NaN have no high bound, since NaN sorts above every number.
    """

    low: Scalar | None
    high: Scalar | None
    nulls: int


@dataclass(frozen=True, slots=True)
class DeletionVector:
    """The location of the deletion vector of one data file: the entry with the data file's path in the object `path`.

    `rows`: the number of dead rows. `digest`: of the object (see `application.storage`). `folder`: as in `DataFile`.
    `positions`: dead rows that the object does not have, ascending. An empty `path`: there is no object.
    """

    path: str
    rows: int
    digest: str
    folder: str = ""
    positions: tuple[int, ...] = ()

    @property
    def stored(self) -> bool:
        """Whether it has an object."""
        return self.path != ""

    def key(self, own: str) -> str:
        return file_key(self.folder or own, self.path)


@dataclass(frozen=True, slots=True)
class DataFile:
    """An immutable Parquet object, or rows without an object. `ranges`: by field id.

    `path` is relative to `folder`: the folder of the table that a clone shares the file with. Empty: the table's own.
    `content`: the rows as an Arrow stream, if there is no object; `bytes` and `digest` are then those of the stream.
    """

    path: str
    rows: int
    bytes: int
    digest: str
    schema_id: int
    ranges: Mapping[int, ColumnRange]
    deletes: DeletionVector | None = None
    folder: str = ""
    content: Content | None = None

    @property
    def stored(self) -> bool:
        """Whether it has an object."""
        return self.content is None

    def key(self, own: str) -> str:
        """The object's key; `own` is the folder of the table that is read. Without an object, what errors name."""
        return file_key(self.folder or own, self.path)

    @property
    def live_rows(self) -> int:
        return self.rows - (self.deletes.rows if self.deletes else 0)


def is_inline(part: DataFile | DeletionVector) -> bool:
    """Whether records and checkpoints with it hold rows or dead positions, which older versions would not find."""
    if isinstance(part, DeletionVector):
        return not part.stored or bool(part.positions)
    return not part.stored or (part.deletes is not None and is_inline(part.deletes))
