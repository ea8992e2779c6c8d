"""Soft deletes, by keys or by predicate: each commits a tombstone, and deletion vectors for the rows it covers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa

from supertable.application.commits.committer import Committer
from supertable.application.commits.write_result import WriteResult
from supertable.application.key_index.key_matching import KeyMatcher, KeySearch
from supertable.application.key_index.wanted_keys import asks_for_keys_alone, wanted_keys
from supertable.application.ports.engines.callers import Caller
from supertable.application.ports.engines.row_finders import CheckedPredicate, ConditionScope, RowFinder
from supertable.application.storage.arrow.arrow_schemas import fields_of_data
from supertable.application.storage.arrow_batches import as_reader, conformer
from supertable.application.storage.deletion_vectors import DeletionVectors
from supertable.application.storage.incoming.row_digest import digest_of_rows
from supertable.application.storage.incoming.value_checks import check_values
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.open_table import OpenTable
from supertable.application.tables.pruned_scans import pruned_scan
from supertable.application.writes.dead_rows import DeadRows, as_positions, write_deletions
from supertable.application.writes.write_checks import check_keys_visible
from supertable.domain.access.roles import Permission
from supertable.domain.errors import InvalidInput, InvalidSchema
from supertable.domain.names import require_unicode
from supertable.domain.schema.schemas import Schema, fitted_schema
from supertable.domain.table.commits import Change, CommitInfo, Counts, Operation, Tombstone
from supertable.domain.table.data_files import DataFile
from supertable.domain.table.idempotency import bound_key
from supertable.domain.table.rebase import restored_since, unprobed_files

Found = Mapping[str, pa.Array]
Search = Callable[[OpenTable, Mapping[str, DataFile]], Found]
"""The positions of the rows to delete in some files of the newest version, by path."""


class DeleteRows:
    """Deletes rows; they stay readable in older versions. A delete that finds no row makes a version too."""

    def __init__(
        self, tables: Tables, committer: Committer, finder: RowFinder, matcher: KeyMatcher, vectors: DeletionVectors
    ) -> None:
        self._tables = tables
        self._committer = committer
        self._finder = finder
        self._matcher = matcher
        self._vectors = vectors

    def where(
        self,
        namespace: Namespace,
        name: str,
        predicate: str,
        reason: str,
        info: CommitInfo,
        caller: Caller | None = None,
        scope: ConditionScope | None = None,
    ) -> WriteResult:
        """Delete the rows for which the SQL expression is true. Raises `InvalidStatement` if it is not valid.

        `caller`: by which the search for the rows can be cancelled. `scope`: what the expression may name.
        """
        table = self._tables.open(namespace, name, Permission.WRITE)
        user = namespace.session.user
        caller = caller or Caller(user)
        checked = self._finder.check_predicate(predicate, table.unmasked, caller, scope)
        require_unicode("The reason", reason)
        tombstone = Tombstone(checked.text, None, reason)

        def search(newest: OpenTable, files: Mapping[str, DataFile]) -> Found:
            current = checked
            if newest.unmasked != table.unmasked:
                current = self._finder.check_predicate(predicate, newest.unmasked, caller, scope)
            keys = _keys_of(newest, current)
            if keys is not None:
                return self._matcher.matches(KeySearch(newest, keys, newest.snapshot.schema), files).superseded
            scan = pruned_scan(newest, current.necessary, newest.access is not None, files)
            return self._finder.matching_predicate(scan, current, caller) if files else {}

        bound = bound_key(info, user, Operation.DELETE, "where", predicate, reason)
        return self._delete(table, tombstone, bound, search)

    def keys(self, namespace: Namespace, name: str, data: Any, reason: str, info: CommitInfo) -> WriteResult:
        """Delete the rows whose key is in `data`, which has the key columns and no others."""
        table = self._tables.open(namespace, name, Permission.WRITE)
        if not table.snapshot.definition.keys:
            raise InvalidInput(f"Table {table.name} has no key columns; delete with a predicate instead.")
        with self._committer.recording_refusals(table):
            check_keys_visible(table)
        require_unicode("The reason", reason)
        given = as_reader(data).read_all()
        keys = self._unique_keys(table, given)
        bound = bound_key(info, namespace.session.user, Operation.DELETE, "keys", digest_of_rows(given), reason)

        def search(newest: OpenTable, files: Mapping[str, DataFile]) -> Found:
            columns = _keys_only(newest)
            typed = conformer(keys.schema, columns)(keys.rename_columns(columns.names))
            return self._matcher.visible(KeySearch(newest, typed, newest.snapshot.schema), files).superseded

        return self._delete(table, Tombstone(None, keys.num_rows, reason), bound, search)

    def _delete(self, table: OpenTable, tombstone: Tombstone, info: CommitInfo, search: Search) -> WriteResult:
        dead = DeadRows()

        def propose(newest: OpenTable) -> Change:
            nonlocal dead
            snapshot = newest.snapshot
            dead = DeadRows() if restored_since(snapshot, dead.version) else dead
            files = unprobed_files(snapshot, dead.probed)
            dead = dead.with_probed(snapshot, [as_positions(search(newest, files))])
            deletions = write_deletions(newest.folder, dead.in_files_of(snapshot), self._vectors)
            return Change(
                Operation.DELETE,
                removed=deletions.removed,
                deletes=deletions.deletes,
                tombstone=tombstone,
                counts=Counts(deleted=deletions.rows),
            )

        return WriteResult.of(table, self._committer.commit(table, propose, info))

    def _unique_keys(self, table: OpenTable, given: pa.Table) -> pa.Table:
        """The distinct keys in the table's own types. A value that its type cannot hold is an error."""
        names = table.snapshot.key_names
        if sorted(map(str.lower, given.schema.names)) != sorted(map(str.lower, names)):
            found = ", ".join(given.schema.names)
            raise InvalidSchema(found, f"a delete by keys needs exactly the key columns: {', '.join(names)}")
        columns = _keys_only(table)
        fitted_schema(columns, fields_of_data(given.schema), evolve=False)
        keys = check_values(conformer(given.schema, columns)(given), columns)
        return keys.group_by(names).aggregate([])


def _keys_of(table: OpenTable, predicate: CheckedPredicate) -> pa.Table | None:
    """The keys, if they are all that the condition asks for, and the caller sees the whole table."""
    names = table.snapshot.key_names
    if table.access or not predicate.is_exact or not asks_for_keys_alone(predicate.necessary, names):
        return None
    return wanted_keys(predicate.necessary, table.snapshot.schema, names)


def _keys_only(table: OpenTable) -> Schema:
    schema = table.snapshot.schema
    fields = tuple(field for key in table.snapshot.definition.keys for field in schema.fields if field.id == key)
    return Schema(schema.id, fields, schema.last_field_id)
