"""The settings of a table: its maintenance policy, and the engine of its queries.

Changing them makes a version that changes no row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from supertable.application.commits.committer import Committer
from supertable.application.commits.preconditions import require_unchanged
from supertable.application.commits.write_result import WriteResult
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.open_table import OpenTable
from supertable.domain.access.roles import Permission
from supertable.domain.engine_choice import engine_of_table
from supertable.domain.table.commits import Change, CommitInfo, Operation, TableDefinition
from supertable.domain.table.maintenance_policy import MaintenancePolicy, checked_policy, with_layout


class SetMaintenancePolicy:
    def __init__(self, tables: Tables, committer: Committer) -> None:
        self._tables = tables
        self._committer = committer

    def __call__(
        self,
        namespace: Namespace,
        name: str,
        target_file_bytes: int | None = None,
        small_files: int | None = None,
        dirty_share: float | None = None,
        sort_by: Sequence[str] | None = None,
        retention_seconds: float | None = None,
        engine: str | None = None,
        partition_by: Sequence[str] | None = None,
        read: OpenTable | None = None,
    ) -> WriteResult:
        """Set what is not None. `engine`: see `engine_of_table`. `partition_by`, `sort_by`: see `with_layout`. `read`:
        the table as the caller read it; None: no precondition.

        Raises `TableNotFound`, `InvalidSetting`, `InvalidSchema` for a column that does not exist, and `Outdated` if
        the policy changed since then.
        """
        table = self._tables.open(namespace, name, Permission.CONTROL)
        given = {
            "target_file_bytes": target_file_bytes,
            "small_files": small_files,
            "dirty_share": dirty_share,
            "retention_seconds": retention_seconds,
        }
        values: dict[str, Any] = {setting: value for setting, value in given.items() if value is not None}
        layout = {"partition_by": partition_by, "sort_by": sort_by}
        wanted = None if engine is None else engine_of_table(engine)

        def change(newest: OpenTable) -> Change:
            require_unchanged(newest, read, lambda snapshot: settings_of(snapshot.definition))
            definition = newest.snapshot.definition
            laid_out = with_layout(definition.maintenance, newest.snapshot.schema, partition_by, sort_by)
            policy = checked_policy(replace(laid_out, **values))
            changed = replace(definition, maintenance=policy, engine=definition.engine if wanted is None else wanted)
            return Change(Operation.ALTER, definition=changed, description=_described(values, layout, wanted))

        return WriteResult.of(table, self._committer.commit(table, change, CommitInfo()))


def _described(values: Mapping[str, Any], layout: Mapping[str, Sequence[str] | None], engine: str | None) -> str:
    changes = [f"{setting} {value}" for setting, value in values.items()]
    for setting, columns in layout.items():
        if columns is not None:
            changes.append(f"{setting} {', '.join(columns) or 'nothing'}")
    told = [f"maintenance: {', '.join(changes)}"] if changes or engine is None else []
    return "; ".join(told if engine is None else [*told, f"engine: {engine or 'default'}"])


def settings_of(definition: TableDefinition) -> tuple[MaintenancePolicy, str]:
    """All that this use case changes."""
    return definition.maintenance, definition.engine
