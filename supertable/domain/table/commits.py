"""Commits: the changes that make the versions of a table.

A commit record is written once, and never changes, but for the values that a vacuum takes out (`record_values`).
"""

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
    UPDATE = "update"
    MERGE = "merge"
    RESTORE = "restore"
    ALTER = "alter"
    CLONE = "clone"
    COMPACT = "compact"
    VACUUM = "vacuum"


class OnConflict(StrEnum):
    """What becomes of a new row whose key the table has: the write fails, the row is left out, or replaces the old."""

    ERROR = "error"
    NOTHING = "nothing"
    REPLACE = "replace"


@dataclass(frozen=True, slots=True)
class TableDefinition:
    """The properties of a table besides its columns and its name. `keys` and `sequence`: field ids.

    `view`: the query of a view; empty for a table. `engine`: that of queries which name none; empty: none.
    """

    keys: tuple[int, ...] = ()
    sequence: int | None = None
    comment: str = ""
    maintenance: MaintenancePolicy = field(default_factory=MaintenancePolicy)
    view: str = ""
    engine: str = ""


@dataclass(frozen=True, slots=True)
class Tombstone:
    """The record of a soft delete: its predicate, or the number of keys that were given, and its reason."""

    predicate: str | None
    keys: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Counts:
    """The rows that a commit changed, as its writer saw them. Updated rows do not count as inserted or deleted."""

    inserted: int = 0
    updated: int = 0
    deleted: int = 0


@dataclass(frozen=True, slots=True)
class KeyUse:
    """What an idempotency key belongs to. Both are digests of 32 hex digits.

    `scope`: of the user, the operation and the key. `request`: of everything else that the request says.
    """

    scope: str
    request: str


@dataclass(frozen=True, slots=True)
class Share:
    """The share of one writer in a commit of several writers, and that writer's idempotency key."""

    idempotency_key: str | None
    counts: Counts
    key_use: KeyUse | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What a commit changes in a snapshot, independent of its place in the log.

    `removed`: paths of data files. `deletes`: the new deletion vectors of files that stay, by path; a file in `added`
    carries its own. `restored`: the version that a restore went back to. `oldest`: a vacuum expired the versions before
    it. `definition` and `schema`: None where unchanged; `description` describes their change to people. `schemas`:
    older schemas that files of a clone's first version were written under. `shares`: if several writers share the
    commit, the share of each, in the order of their rows.
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
    """What the writer adds to a commit: free properties (lineage), and an idempotency key, so that it applies once.

    `key_use`: None for the keys of SuperTable itself, and for those that older versions stored.
    """

    properties: Mapping[str, str] = field(default_factory=dict)
    idempotency_key: str | None = None
    key_use: KeyUse | None = None

    @property
    def key_name(self) -> str | None:
        """The name under which the key is remembered: its scope, or the key itself without a `KeyUse`."""
        return self.key_use.scope if self.key_use else self.idempotency_key


@dataclass(frozen=True, slots=True)
class Commit:
    """A change at its place in the log: the record at `log/<version>`.

    `id` distinguishes the commit from others that competed for the same version. `committed_at_us` increases with the
    version.
    """

    id: str
    version: int
    committed_at_us: int
    change: Change
    info: CommitInfo = CommitInfo()

    @property
    def changed_files(self) -> int:
        return len(self.change.added) + len(self.change.removed) + len(self.change.deletes)

    @property
    def requests(self) -> dict[str, str]:
        """The digest of each request with an idempotency key, by scope; by the key itself if it has no `KeyUse`."""
        uses = [(self.info.idempotency_key, self.info.key_use)]
        uses += [(share.idempotency_key, share.key_use) for share in self.change.shares]
        return {use.scope if use else key: use.request if use else "" for key, use in uses if key is not None}

    def share(self, info: CommitInfo) -> Share | None:
        """The share of the writer with this key, if several writers share the commit; else None."""
        wanted = (info.idempotency_key, info.key_use)
        return next((each for each in self.change.shares if (each.idempotency_key, each.key_use) == wanted), None)
