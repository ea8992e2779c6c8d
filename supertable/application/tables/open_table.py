"""A table at one version, as the caller may see it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from supertable.application.ports.engines.callers import Caller
from supertable.application.tables.namespace import Namespace
from supertable.domain.access.roles import Permission
from supertable.domain.access.row_filter_checks import fitted_filter
from supertable.domain.access.row_filters import Term
from supertable.domain.errors import (
    AccessDenied,
    InvalidInput,
)
from supertable.domain.scan.scan_plan import AccessStage, Scan, grouped, grouped_files
from supertable.domain.schema.schemas import Schema, renumbered
from supertable.domain.table.data_files import DataFile
from supertable.domain.table.registry import TableEntry
from supertable.domain.table.snapshots import Snapshot


@dataclass(frozen=True, slots=True)
class OpenTable:
    """A table at one version. `folder` holds its objects and names its log.

    `namespace`: where it is registered; None: not registered yet. `access`: what the caller may see; None: everything.
    `need`: the permission that the caller needs. `destination`: where a new table will be registered. `opened_at`: in
    seconds of the monotonic clock, a moment before the version was found to be the newest, and the rights were checked.
    """

    entry: TableEntry
    folder: str
    snapshot: Snapshot
    namespace: Namespace | None = None
    access: AccessStage | None = None
    need: Permission = Permission.META
    destination: Namespace | None = None
    opened_at: float = field(default=float("-inf"), compare=False)

    @property
    def name(self) -> str:
        return self.entry.name

    @property
    def caller(self) -> Caller:
        """Whose expressions are evaluated; their user is empty if none is known."""
        namespace = self.namespace or self.destination
        return Caller(namespace.session.user if namespace else "")

    @property
    def schema(self) -> Schema:
        """The columns as the caller sees them. For a role that sees a part of the table, their ids count from 1."""
        return renumbered(self.access.shown(self.snapshot.schema)) if self.access else self.snapshot.schema

    @property
    def unmasked(self) -> Schema:
        """The columns whose values the caller sees unmasked."""
        return self.access.unmasked(self.snapshot.schema) if self.access else self.snapshot.schema

    @property
    def sees_all_rows(self) -> bool:
        return self.access is None or self.access.condition is None

    def require_whole(self, what: str) -> None:
        """Raises `AccessDenied` for callers who see only a part of the table."""
        if self.access:
            raise AccessDenied(f"To {what} table {self.name}, a role must see the whole of it.")

    def scan(
        self,
        files: Iterable[DataFile] | None = None,
        schema: Schema | None = None,
        hidden: Mapping[str, bytes] | None = None,
    ) -> Scan:
        """The plan of a scan that shows what the caller may see.

        `files`: of the snapshot; None: all. `schema`: None: the snapshot's own. `hidden`: see `Scan`. Raises
        `AccessDenied` if the row filter cannot be applied: a column is missing at this version, or has another type.
        """
        scan = self.unrestricted_scan(files, schema, hidden)
        if self.access and self.access.condition:
            self._check_fits(self.access.condition, scan.schema)
        return replace(scan, access=self.access)

    def _check_fits(self, condition: Term, schema: Schema) -> None:
        try:
            fitted_filter(condition, schema)
        except InvalidInput:
            raise AccessDenied(
                f"The row filter of this role cannot be applied to table {self.name} at version "
                f"{self.snapshot.version}: a column is missing there, or has another type. No rows are shown."
            ) from None

    def unrestricted_scan(
        self,
        files: Iterable[DataFile] | None = None,
        schema: Schema | None = None,
        hidden: Mapping[str, bytes] | None = None,
    ) -> Scan:
        """The same plan without access control, for results that do not leave the table."""
        snapshot = self.snapshot
        groups = grouped_files(snapshot) if files is None and not hidden else None
        if groups is None:
            groups = grouped(snapshot.files.values() if files is None else files, snapshot.schemas, hidden or ())
        return Scan(
            table=self.name,
            folder=self.folder,
            version=snapshot.version,
            schema=schema or snapshot.schema,
            groups=groups,
            files_total=len(snapshot.files),
            rows_total=snapshot.rows,
            hidden=hidden or {},
        )
