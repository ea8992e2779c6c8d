"""Soft deletes, by keys or by predicate: a tombstone, and deletion vectors for the rows it covers."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from supertable.application.commits.committer import Committer
from supertable.application.commits.write_result import WriteResult
from supertable.application.ports.engines import RowFinder
from supertable.application.storage.arrow_batches import as_reader, conformer
from supertable.application.storage.arrow_schemas import fields_of
from supertable.application.storage.deletion_vectors import DeletionVectors
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.open_table import OpenTable
from supertable.application.writes.dead_rows import DeadRows, Probe, write_deletions
from supertable.application.writes.key_bounds import key_bounds
from supertable.application.writes.write_permissions import check_keys_seen
from supertable.domain.access.roles import Permission
from supertable.domain.errors import InvalidInput, InvalidSchema
from supertable.domain.scan.file_pruning import pruned
from supertable.domain.schema.schemas import Schema
from supertable.domain.table.commits import Change, CommitInfo, Counts, Operation, Tombstone


class DeleteRows:
    """The rows stay readable in older versions. A delete that finds nothing is a version too."""

    def __init__(self, tables: Tables, committer: Committer, finder: RowFinder, vectors: DeletionVectors) -> None:
        self._tables = tables
        self._committer = committer
        self._finder = finder
        self._vectors = vectors

    def where(self, namespace: Namespace, name: str, predicate: str, reason: str, info: CommitInfo) -> WriteResult:
        """Delete the rows for which the SQL expression is true. Raises `InvalidStatement` where it is none."""
        table = self._tables.open(namespace, name, Permission.WRITE)
        checked = self._finder.check_predicate(predicate, table.unmasked)
        tombstone = Tombstone(checked.text, None, reason)

        def probe(newest: OpenTable) -> Probe:
            current = self._finder.check_predicate(predicate, newest.unmasked)
            return lambda files: self._finder.matching_predicate(
                newest.scan(pruned(files, current.necessary, newest.snapshot.schemas, newest.snapshot.schema)), current
            )

        return self._delete(table, tombstone, info, probe)

    def keys(self, namespace: Namespace, name: str, data: Any, reason: str, info: CommitInfo) -> WriteResult:
        """Delete the rows whose key is among those given; `data` has the key columns and no others."""
        table = self._tables.open(namespace, name, Permission.WRITE)
        if not table.snapshot.definition.keys:
            raise InvalidInput(f"Table {table.name} has no key columns; delete with a predicate instead.")
        with self._committer.refusals(table):
            check_keys_seen(table)
        keys = self._unique_keys(table, data)

        def probe(newest: OpenTable) -> Probe:
            bounds = key_bounds(keys, newest.snapshot.key_names, newest.snapshot.schema)
            return lambda files: (
                self._finder.matching_keys(
                    newest.scan(pruned(files, bounds, newest.snapshot.schemas, newest.snapshot.schema)),
                    keys,
                    newest.snapshot.key_names,
                    None,
                ).superseded
            )

        return self._delete(table, Tombstone(None, keys.num_rows, reason), info, probe)

    def _delete(self, table: OpenTable, tombstone: Tombstone, info: CommitInfo, probe: Any) -> WriteResult:
        marks = DeadRows()

        def change(newest: OpenTable) -> Change:
            marks.look(newest, probe(newest))
            dead = write_deletions(newest, marks.on(newest), self._vectors)
            return Change(
                Operation.DELETE,
                removed=dead.removed,
                deletes=dead.deletes,
                tombstone=tombstone,
                counts=Counts(deleted=dead.rows),
            )

        return WriteResult.of(table, self._committer.commit(table, change, info))

    def _unique_keys(self, table: OpenTable, data: Any) -> pa.Table:
        """The keys in the table's own types; a value that a type cannot hold is an error, not a key without rows."""
        names = table.snapshot.key_names
        reader = as_reader(data)
        if sorted(map(str.lower, reader.schema.names)) != sorted(map(str.lower, names)):
            given = ", ".join(reader.schema.names)
            raise InvalidSchema(given, f"deletes by keys take the key columns, all and no others: {', '.join(names)}")
        fields_of(reader.schema)
        keys = conformer(reader.schema, _keys_only(table))(reader.read_all())
        return keys.group_by(names).aggregate([])


def _keys_only(table: OpenTable) -> Schema:
    schema = table.snapshot.schema
    fields = tuple(field for key in table.snapshot.definition.keys for field in schema.fields if field.id == key)
    return Schema(schema.id, fields, schema.last_field_id)
