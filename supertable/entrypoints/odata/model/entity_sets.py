"""The entity sets of a supertable: the tables and views that the caller's role may read, and nothing else of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from supertable.application.tables.namespace import Namespace
from supertable.application.tables.open_table import OpenTable
from supertable.config.container import Container
from supertable.domain.access.roles import Permission
from supertable.domain.errors import NotFound, TableNotFound
from supertable.domain.names import did_you_mean
from supertable.domain.schema.types import Field
from supertable.entrypoints.odata.model.edm_types import can_be_key, properties_of
from supertable.entrypoints.odata.model.entity_types import EntityType
from supertable.entrypoints.odata.model.identifiers import free_identifier, identifiers, is_identifier

_ROW_IDENTITY = "row_id"


@dataclass(frozen=True, slots=True)
class EntitySet:
    """A table or view that the caller reads. `version`: the newest; None for a view, which has none of its rows."""

    type: EntityType
    table: OpenTable

    @property
    def version(self) -> int | None:
        return None if self.table.entry.view else self.table.snapshot.version

    @property
    def is_whole(self) -> bool:
        """Whether the caller sees all rows and columns, so that a version says all about what is answered."""
        return self.version is not None and self.table.access is None


def entity_sets(container: Container, namespace: Namespace) -> list[EntitySet]:
    """All of the supertable, by name, as of one moment. Raises `NotFound` if the caller sees no such supertable."""
    opened = container.tables().all(namespace, Permission.READ, views=True)
    if not opened:
        container.list_supertables().one(namespace)
    names = identifiers(table.name for table in opened)
    found = (_entity_set(container, namespace, table, name) for table, name in zip(opened, names, strict=True))
    return [each for each in found if each]


def entity_set(container: Container, namespace: Namespace, name: str) -> EntitySet:
    """The entity set of that name. Raises `NotFound`, the same for what does not exist and for what is hidden."""
    found = None
    if is_identifier(name) and not name.startswith("_"):
        try:
            table = container.tables().open(namespace, name, Permission.READ, views=True)
            found = _entity_set(container, namespace, table, table.name)
        except TableNotFound:
            pass
    everything = [] if found else entity_sets(container, namespace)
    found = found or next((each for each in everything if each.type.name == name), None)
    if found is None:
        hint = did_you_mean(name, [each.type.name for each in everything])
        raise NotFound(f"There is no entity set {name[:80]!r} in {namespace.supertable}.{hint}")
    return found


def entity_set_at(container: Container, namespace: Namespace, newest: EntitySet, version: int) -> EntitySet:
    """The same table at an earlier version. Raises `VersionNotFound`."""
    table = container.tables().as_of(newest.table, version)
    found = _entity_set(container, namespace, table, newest.type.name)
    assert found is not None
    return found


def _entity_set(container: Container, namespace: Namespace, table: OpenTable, name: str) -> EntitySet | None:
    """None for a view that the caller cannot read."""
    is_view = bool(table.entry.view)
    columns = container.views().columns(namespace, table) if is_view else table.schema.fields
    keys = [] if is_view else table.snapshot.key_names
    return EntitySet(_entity_type(table, name, columns, keys), table) if columns else None


def _entity_type(table: OpenTable, name: str, columns: Sequence[Field], keys: Sequence[str]) -> EntityType:
    properties = properties_of(columns)
    unmasked = {field.name for field in table.unmasked.fields}
    by_column = {each.column: each for each in properties if each.column in unmasked and can_be_key(each.type)}
    key = tuple(by_column[column].name for column in keys) if all(column in by_column for column in keys) else ()
    assert table.namespace is not None
    return EntityType(
        name=name,
        supertable=table.namespace.supertable,
        table=table.name,
        properties=tuple(replace(each, nullable=each.nullable and each.name not in key) for each in properties),
        key=key,
        row_identity=free_identifier(_ROW_IDENTITY, [each.name for each in properties]),
        description=table.snapshot.definition.comment,
    )
