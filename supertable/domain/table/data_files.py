"""Data files and deletion vectors: what a snapshot knows of each object, without opening it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from supertable.domain.schema.types import Scalar


@dataclass(frozen=True, slots=True)
class ColumnRange:
    """Every value that is not null lies in low…high, both included; None: no bound is known. `nulls` counts nulls.

    Float columns that hold a NaN have no high bound, since NaN sorts above every number.
    """

    low: Scalar | None
    high: Scalar | None
    nulls: int


@dataclass(frozen=True, slots=True)
class DeletionVector:
    """Where the dead rows of one data file are recorded: entry `data file path` of the object at `path`.

    `rows` is how many are dead; `digest` covers the object (see `application.envelopes`). `folder` as in `DataFile`.
    """

    path: str
    rows: int
    digest: str
    folder: str = ""

    def key(self, own: str) -> str:
        return f"{self.folder or own}/{self.path}"


@dataclass(frozen=True, slots=True)
class DataFile:
    """One immutable Parquet object. `ranges` is keyed by field id.

    `path` is relative to `folder`: that of the table that a clone shares the file with, or empty: the table's own.
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
        return f"{self.folder or own}/{self.path}"

    @property
    def live_rows(self) -> int:
        return self.rows - (self.deletes.rows if self.deletes else 0)
