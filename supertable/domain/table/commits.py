"""Commits: what one version of a table changes. A commit record is written once and never changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from supertable.domain.schema.schemas import Schema
from supertable.domain.table.data_files import DataFile, DeletionVector
from supertable.domain.table.maintenance_policy import MaintenancePolicy


class Operation(StrEnum):
    CREATE = "create"
    APPEND = "append"
    UPSERT = "upsert"
    OVERWRITE = "overwrite"
    DELETE = "delete"
    RESTORE = "restore"
    ALTER = "alter"
    CLONE = "clone"
    COMPACT = "compact"
    VACUUM = "vacuum"


@dataclass(frozen=True, slots=True)
class TableDefinition:
    """What a table is, besides its columns; its name is in the registry. `keys` and `sequence` are field ids."""

    keys: tuple[int, ...] = ()
    sequence: int | None = None
    comment: str = ""
    maintenance: MaintenancePolicy = field(default_factory=MaintenancePolicy)


@dataclass(frozen=True, slots=True)
class Tombstone:
    """The record of a soft delete: the predicate, or how many keys were given, and why."""

    predicate: str | None
    keys: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows that a commit changed, as its writer saw them. An updated row is not counted as inserted or deleted."""

    inserted: int = 0
    updated: int = 0
    deleted: int = 0


@dataclass(frozen=True, slots=True)
class Share:
    """What one of several writers that share a commit did of it, and the key that makes that happen once."""

    idempotency_key: str | None
    counts: Counts


@dataclass(frozen=True, slots=True)
class Change:
    """What a commit does to a snapshot, before it has a place in the log.

    `removed` are paths of data files; `deletes` are the new deletion vectors of files that stay, by path; a file in
    `added` carries its own. `restored` is the version that a restore went back to. Versions before `oldest` were given
    up by a vacuum. `definition` and `schema` are given where they change; `description` says how, for people. `schemas`
    are older ones that files of a clone's first version were written under. `shares`: where several writers made it
    together, what each did, in the order in which their rows came.
    """

    operation: Operation
    added: tuple[DataFile, ...] = ()
    removed: tuple[str, ...] = ()
    deletes: Mapping[str, DeletionVector] = field(default_factory=dict)
    definition: TableDefinition | None = None
    schema: Schema | None = None
    schemas: tuple[Schema, ...] = ()
    tombstone: Tombstone | None = None
    counts: Counts = Counts()
    restored: int | None = None
    oldest: int | None = None
    description: str = ""
    shares: tuple[Share, ...] = ()


@dataclass(frozen=True, slots=True)
class CommitInfo:
    """What the writer says about a commit: free properties (lineage), and the key that makes it happen once."""

    properties: Mapping[str, str] = field(default_factory=dict)
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class Commit:
    """A change with its place: the record at `log/<version>`.

    `id` tells this commit from any other that tried for the same version. `committed_at_us` grows with the version.
    """

    id: str
    version: int
    committed_at_us: int
    change: Change
    info: CommitInfo = CommitInfo()

    @property
    def idempotency_keys(self) -> list[str]:
        """Its own, and those of all who share it."""
        keys = (self.info.idempotency_key, *(share.idempotency_key for share in self.change.shares))
        return [key for key in keys if key is not None]

    def share(self, idempotency_key: str | None) -> Share | None:
        """What the writer with this key did, where several share the commit."""
        return next((share for share in self.change.shares if share.idempotency_key == idempotency_key), None)
