"""A table at one version, as its caller may see it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from supertable.application.tables.namespace import Namespace
from supertable.domain.access.roles import Permission
from supertable.domain.access.row_filter_checks import fitted_filter
from supertable.domain.access.row_filters import Term
from supertable.domain.errors import (
    AccessDenied,
    InvalidInput,
)
from supertable.domain.scan.scan_plan import AccessStage, Scan, grouped
from supertable.domain.schema.schemas import Schema
from supertable.domain.table.data_files import DataFile
from supertable.domain.table.registry import TableEntry
from supertable.domain.table.snapshots import Snapshot


@dataclass(frozen=True, slots=True)
class OpenTable:
    """A table at one version. `folder` holds its objects and names its log.

    `namespace`: where it is registered; None for a new table that is not registered yet. `access`: the part that the
    caller may see; None: all. `need`: the permission required. `destination`: where a new table will be registered.
    """

    entry: TableEntry
    folder: str
    snapshot: Snapshot
    namespace: Namespace | None = None
    access: AccessStage | None = None
    need: Permission = Permission.META
    destination: Namespace | None = None

    @property
    def name(self) -> str:
        return self.entry.name

    @property
    def schema(self) -> Schema:
        """The columns as the caller sees them."""
        return self.access.shown(self.snapshot.schema) if self.access else self.snapshot.schema

    @property
    def unmasked(self) -> Schema:
        """Those columns whose values the caller sees as they are."""
        return self.access.unmasked(self.snapshot.schema) if self.access else self.snapshot.schema

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
        """The plan of a read of these files of the snapshot, or of all; under `schema`, or the snapshot's own.

        What comes of it is what the caller may see. `hidden`: see `Scan`. Raises `AccessDenied` where that cannot be
        told, because a column is not there at this version, or has another type.
        """
        scan = self.whole_scan(files, schema, hidden)
        if self.access and self.access.condition:
            self._check_fits(self.access.condition, scan.schema)
        return replace(scan, access=self.access)

    def _check_fits(self, condition: Term, schema: Schema) -> None:
        try:
            fitted_filter(condition, schema)
        except InvalidInput:
            raise AccessDenied(
                f"Which rows of table {self.name} this role may see depends on columns that it does not have, or not "
                f"with the same types, at version {self.snapshot.version}, so that none are shown."
            ) from None

    def whole_scan(
        self,
        files: Iterable[DataFile] | None = None,
        schema: Schema | None = None,
        hidden: Mapping[str, bytes] | None = None,
    ) -> Scan:
        """The same without regard to who asks: for what stays within the table."""
        snapshot = self.snapshot
        chosen = snapshot.files.values() if files is None else files
        return Scan(
            table=self.name,
            folder=self.folder,
            version=snapshot.version,
            schema=schema or snapshot.schema,
            groups=grouped(chosen, snapshot.schemas, hidden or ()),
            files_total=len(snapshot.files),
            rows_total=snapshot.rows,
            hidden=hidden or {},
        )
