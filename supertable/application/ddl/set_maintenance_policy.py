"""The maintenance policy of a table. Changing it makes a version that changes no row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from supertable.application.commits.committer import Committer
from supertable.application.commits.preconditions import require_unchanged
from supertable.application.commits.write_result import WriteResult
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.open_table import OpenTable
from supertable.domain.access.roles import Permission
from supertable.domain.errors import InvalidSchema
from supertable.domain.table.commits import Change, CommitInfo, Operation
from supertable.domain.table.maintenance_policy import checked_policy


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
        read: OpenTable | None = None,
    ) -> WriteResult:
        """Set what is not None. `read`: the table as the caller read it; None: no precondition.

        Raises `TableNotFound`, `InvalidSetting`, `InvalidSchema` for a column that does not exist, and `Outdated` if
        the policy changed since then.
        """
        given = {
            "target_file_bytes": target_file_bytes,
            "small_files": small_files,
            "dirty_share": dirty_share,
            "retention_seconds": retention_seconds,
        }
        values: dict[str, Any] = {setting: value for setting, value in given.items() if value is not None}
        changes = [f"{setting} {value}" for setting, value in values.items()]
        if sort_by is not None:
            changes.append(f"sort_by {', '.join(sort_by) or 'nothing'}")

        def change(newest: OpenTable) -> Change:
            require_unchanged(newest, read, lambda snapshot: snapshot.definition.maintenance)
            definition = newest.snapshot.definition
            order = definition.maintenance.sort_by if sort_by is None else _ids(newest, sort_by)
            policy = checked_policy(replace(definition.maintenance, sort_by=order, **values))
            return Change(
                Operation.ALTER,
                definition=replace(definition, maintenance=policy),
                description=f"maintenance: {', '.join(changes)}",
            )

        table = self._tables.open(namespace, name, Permission.CONTROL)
        return WriteResult.of(table, self._committer.commit(table, change, CommitInfo()))


def _ids(table: OpenTable, names: Sequence[str]) -> tuple[int, ...]:
    ids = []
    for name in names:
        field = table.snapshot.schema.find(name)
        if field is None:
            raise InvalidSchema(name, "rows cannot be sorted by a column that does not exist")
        ids.append(field.id)
    return tuple(ids)
