"""The methods of a lake that maintain and check it."""

from __future__ import annotations

from collections.abc import Callable

from supertable.application.integrity.check_lake import CheckProgress
from supertable.application.integrity.rebuild_catalog import RebuildReport
from supertable.application.maintenance.maintain_lake import MaintenanceReport
from supertable.application.maintenance.vacuum_lake import LakeVacuumResult
from supertable.application.tables.namespace import Namespace
from supertable.config.container import Container
from supertable.domain.findings import CheckReport
from supertable.domain.maintenance.vacuum import GRACE_SECONDS
from supertable.entrypoints.sdk.door import door
from supertable.entrypoints.sdk.durations import Duration, optional_seconds, seconds


@door
class LakeMaintenance:
    """The part of `Lake` that maintains and checks the whole lake. `Table` has the methods for a single table."""

    _container: Container
    _namespace: Namespace

    def maintain(self, stop: Callable[[], bool] = lambda: False) -> MaintenanceReport:
        """Run one round of maintenance: compact and vacuum the tables that are due, and purge dropped ones.

        Each table's policy decides what is due; see `Table.set_maintenance`. A failure of one table does not stop the
        others; the report lists it. `stop` is called between two pieces of work; True ends the round early.
        Raises `AccessDenied`.
        """
        return self._container.maintain_lake()(self._namespace, stop)

    def vacuum(
        self, retention: Duration | None = None, *, dry_run: bool = False, grace: Duration = GRACE_SECONDS
    ) -> LakeVacuumResult:
        """Vacuum every table, as `Table.vacuum` does, and remove tables that were dropped before the retention.

        `retention`, `grace`: as in `Table.vacuum`. `dry_run`: only report what would be removed. Raises
        `AccessDenied`.
        """
        return self._container.vacuum_lake()(self._namespace, optional_seconds(retention), dry_run, seconds(grace))

    def fsck(
        self,
        *,
        repair: bool = False,
        quick: bool = False,
        progress: Callable[[CheckProgress], None] = lambda progress: None,
    ) -> CheckReport:
        """Check all stored objects for damage: logs, checkpoints, data files, deletion vectors and the catalog.

        `repair`: make the repairs that lose no data; each finding of the report names its repair. `quick`: check the
        sizes of data files but not their content. `progress` is called while data files are read. Damage is in the
        report and does not raise. Raises `AccessDenied`.
        """
        return self._container.check_lake()(self._namespace, repair, quick, progress)

    def rebuild_catalog(self) -> RebuildReport:
        """Rebuild the catalog from storage, for all organizations. Only the superuser may: raises `AccessDenied`."""
        return self._container.rebuild_catalog()(self._namespace.session)
