"""Changes to a table's columns: one version, and no data is rewritten."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from supertable.application.commits.committer import Committer
from supertable.application.commits.preconditions import require_unchanged
from supertable.application.commits.write_result import WriteResult
from supertable.application.ports.engines.row_finders import RowFinder
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.open_table import OpenTable
from supertable.domain.access.roles import Permission
from supertable.domain.errors import InvalidSchema
from supertable.domain.schema.schema_changes import Path, SchemaChange, SetNullable, changed_schema, field_at
from supertable.domain.schema.types import Field
from supertable.domain.table.commits import Change, CommitInfo, Operation


class AlterTable:
    def __init__(self, tables: Tables, committer: Committer, finder: RowFinder) -> None:
        self._tables = tables
        self._committer = committer
        self._finder = finder

    def __call__(
        self,
        namespace: Namespace,
        name: str,
        changes: Sequence[SchemaChange],
        info: CommitInfo,
        read: OpenTable | None = None,
    ) -> WriteResult:
        """Apply all of the changes, in order, or none. `read`: the table as the caller read it; None: no precondition.

        Raises `TableNotFound`, `InvalidSchema`, `IncompatibleSchema`, and `Outdated` if the columns changed since then.
        """

        def change(newest: OpenTable) -> Change:
            require_unchanged(newest, read, lambda snapshot: snapshot.schema)
            return self._change(newest, changes)

        table = self._tables.open(namespace, name, Permission.CONTROL)
        return WriteResult.of(table, self._committer.commit(table, change, info))

    def _change(self, newest: OpenTable, changes: Sequence[SchemaChange]) -> Change:
        snapshot = newest.snapshot
        needed = {field_id for field_id in (*snapshot.definition.keys, snapshot.definition.sequence) if field_id}
        schema = snapshot.schema
        for change in changes:
            schema = changed_schema(schema, change, needed)
            if isinstance(change, SetNullable) and not change.nullable:
                self._require_no_nulls(newest, field_at(schema, change.path), change.path)
        schema = replace(schema, id=snapshot.schema.id + 1)
        return Change(Operation.ALTER, schema=schema, description="; ".join(map(str, changes)))

    def _require_no_nulls(self, newest: OpenTable, field: Field, path: Path) -> None:
        before = newest.snapshot.schema.by_id(field.id)
        if before is None or len(path) > 1:
            if newest.snapshot.rows:
                raise InvalidSchema(
                    ".".join(path), "nulls can only be forbidden in a top-level column that exists already"
                )
            return
        predicate = self._finder.check_predicate(f"{_quoted(before.name)} IS NULL", newest.snapshot.schema)
        rows = sum(len(found) for found in self._finder.matching_predicate(newest.scan(), predicate).values())
        if rows:
            raise InvalidSchema(before.name, f"nulls cannot be forbidden, because {rows:,} rows have one")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
