"""Listings that SQL reads: `information_schema`, SHOW statements and `table_versions`.

They are made from what the caller's role may know of, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa

from supertable.application.ports.engines.parsed_statements import Relation, Show
from supertable.application.ports.engines.sources import Given
from supertable.application.queries.relations.information_schema import INFORMATION_SCHEMA, Catalog, Listed, rows_of
from supertable.application.queries.targets import target_of
from supertable.application.tables.history import TableHistory
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.open_table import OpenTable
from supertable.application.tables.supertables import ListSupertables
from supertable.domain.access.roles import Permission
from supertable.domain.errors import InvalidInput, StatementRefused
from supertable.domain.names import name_key
from supertable.domain.schema.types import Field

MOST_VERSIONS = 10_000
ViewColumns = Callable[[Namespace, OpenTable], tuple[Field, ...]]
"""The columns of a view as the caller sees them."""
_MOMENT = pa.timestamp("us", "UTC")
_VERSIONS = pa.schema(
    [
        ("version", pa.int64()),
        ("committed_at", _MOMENT),
        ("operation", pa.string()),
        ("rows_inserted", pa.int64()),
        ("rows_updated", pa.int64()),
        ("rows_deleted", pa.int64()),
        ("files_added", pa.int64()),
        ("files_removed", pa.int64()),
        ("bytes_added", pa.int64()),
        ("predicate", pa.string()),
        ("reason", pa.string()),
        ("restored", pa.int64()),
        ("description", pa.string()),
        ("properties", pa.map_(pa.string(), pa.string())),
    ]
)
_ALL_TABLES = pa.schema(
    [
        ("database", pa.string()),
        ("schema", pa.string()),
        ("name", pa.string()),
        ("column_names", pa.list_(pa.string())),
        ("column_types", pa.list_(pa.string())),
        ("temporary", pa.bool_()),
    ]
)
_SCHEMAS = pa.schema([("database_name", pa.string()), ("schema_name", pa.string()), ("current", pa.bool_())])


def no_columns(namespace: Namespace, view: OpenTable) -> tuple[Field, ...]:
    del namespace, view
    return ()


class Listings:
    def __init__(self, tables: Tables, supertables: ListSupertables, history: TableHistory) -> None:
        self._tables = tables
        self._supertables = supertables
        self._history = history

    def __call__(self, namespace: Namespace, relation: Relation, view_columns: ViewColumns = no_columns) -> Given:
        """The rows of a listing as the caller sees them now. `view_columns`: finds the columns of views.

        Raises `AccessDenied`, `TableNotFound` for a table or supertable that the caller may not know of, and
        `StatementRefused` for AT.
        """
        if relation.at is not None:
            raise StatementRefused("AT (…) reads a version of a table, and a listing has no versions.")
        if relation.show is None:
            return Given.of(self._standard(namespace, relation, view_columns))
        if relation.show is Show.ALL_TABLES:
            return Given.of(self._all_tables(namespace, view_columns))
        shows: Mapping[Show, Callable[[Namespace, Relation], pa.Table]] = {
            Show.TABLES: self._table_names,
            Show.SCHEMAS: self._schemas,
            Show.DATABASES: self._databases,
            Show.VERSIONS: self._versions,
        }
        return Given.of(shows[relation.show](namespace, relation))

    def _standard(self, namespace: Namespace, relation: Relation, view_columns: ViewColumns) -> pa.Table:
        name = _standard_name(relation)
        assert name is not None
        namespace.named(relation.parts)
        return rows_of(name, self._catalog(namespace, view_columns if name == "columns" else no_columns))

    def _table_names(self, namespace: Namespace, relation: Relation) -> pa.Table:
        if relation.parts:
            namespace, _ = namespace.named((*relation.parts, "tables"))
            self._supertables.one(namespace)
        names = sorted((one.name for one in self._tables.all(namespace, Permission.META, views=True)), key=name_key)
        return pa.table({"name": pa.array(names, pa.string())})

    def _all_tables(self, namespace: Namespace, view_columns: ViewColumns) -> pa.Table:
        catalog = self._catalog(namespace, view_columns)
        rows = [
            {
                "database": catalog.name,
                "schema": listed.supertable,
                "name": listed.table.name,
                "column_names": [field.name for field in listed.columns],
                "column_types": [str(field.type) for field in listed.columns],
                "temporary": False,
            }
            for listed in catalog.tables
        ]
        return pa.Table.from_pylist(rows, schema=_ALL_TABLES)

    def _schemas(self, namespace: Namespace, relation: Relation) -> pa.Table:
        del relation
        rows = [
            {
                "database_name": namespace.organization,
                "schema_name": info.name,
                "current": name_key(info.name) == name_key(namespace.supertable),
            }
            for info in self._supertables(namespace.session)
        ]
        return pa.Table.from_pylist(rows, schema=_SCHEMAS)

    def _databases(self, namespace: Namespace, relation: Relation) -> pa.Table:
        del relation
        self._tables.require(namespace.session, Permission.META)
        return pa.table({"database_name": pa.array([namespace.organization], pa.string())})

    def _versions(self, namespace: Namespace, relation: Relation) -> pa.Table:
        found = target_of(namespace, relation)
        if found.table is None:
            raise StatementRefused(f"{relation.parts[-1]} is the union of its tables, which have no versions.")
        assert relation.changes is not None
        after, up_to = relation.changes.after, relation.changes.up_to
        newest = self._tables.open(found.namespace, found.table, Permission.META).snapshot.version
        last = newest if up_to is None else min(up_to, newest)
        if last - after > MOST_VERSIONS:
            raise InvalidInput(
                f"Table {found.table} has {last - after:,} versions there, and up to {MOST_VERSIONS:,} are listed at "
                f"once. Use table_versions('{found.table}', {last - MOST_VERSIONS})."
            )
        entries = self._history(found.namespace, found.table, max(last - after, 0), last)
        rows = [_version_row(entry) for entry in entries]
        return pa.Table.from_pylist(rows, schema=_VERSIONS)

    def _catalog(self, namespace: Namespace, view_columns: ViewColumns) -> Catalog:
        """All that the caller may know of in the organization, as of one moment."""
        session = namespace.session
        found = [Namespace(namespace.organization, info.name, session) for info in self._supertables(session)]
        opened = self._tables.open_consistently([(each, None) for each in found], Permission.META, views=True)
        tables = [
            Listed(each.supertable, table, view_columns(each, table) if table.entry.view else table.schema.fields)
            for each in found
            for table in sorted(opened[each, None], key=lambda table: name_key(table.name))
        ]
        role = self._tables.authorization(session).role
        return Catalog(namespace.organization, [each.supertable for each in found], tables, role)


def is_listing(relation: Relation) -> bool:
    """Whether the relation stands for a listing, not for rows of tables."""
    return relation.show is not None or _standard_name(relation) is not None


def _standard_name(relation: Relation) -> str | None:
    """The name of a relation of `information_schema` in lower case; None for other relations."""
    if relation.show is not None or relation.changes is not None or len(relation.parts) < 2:
        return None
    *_, schema, name = map(name_key, relation.parts)
    return name if schema == "information_schema" and name in INFORMATION_SCHEMA else None


def _version_row(entry: Any) -> dict[str, Any]:
    row = {name: getattr(entry, name) for name in _VERSIONS.names}
    return {**row, "properties": list(entry.properties.items())}
