"""Data files and deletion vectors: the metadata of each object that a snapshot contains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from supertable.domain.schema.types import Scalar
from supertable.domain.storage_layout import file_key


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
    """

    path: str
    rows: int
    digest: str
    folder: str = ""

    def key(self, own: str) -> str:
        return file_key(self.folder or own, self.path)


@dataclass(frozen=True, slots=True)
class DataFile:
    """An immutable Parquet object. `ranges`: by field id.

    `path` is relative to `folder`: the folder of the table that a clone shares the file with. Empty: the table's own.
    """

    path: str
    rows: int
    bytes: int
    digest: str
    schema_id: int
    ranges: Mapping[int, ColumnRange]
    deletes: DeletionVector | None = None
    folder: str = ""

    def key(self, own: str) -> str:
        """The object's key; `own` is the folder of the table that is read."""
        return file_key(self.folder or own, self.path)

    @property
    def live_rows(self) -> int:
        return self.rows - (self.deletes.rows if self.deletes else 0)
