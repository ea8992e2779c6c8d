"""Creation of a table, empty or with its first rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pyarrow as pa

from supertable.application.commits.table_creator import TableCreator, checked_table_name
from supertable.application.storage.arrow.arrow_schemas import fields_of
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.open_table import OpenTable
from supertable.domain.schema.schemas import check_keys, first_schema
from supertable.domain.table.commits import Change, Operation, TableDefinition
from supertable.domain.table.maintenance_policy import MaintenancePolicy, with_layout


class CreateTable:
    def __init__(self, table_creator: TableCreator) -> None:
        self._table_creator = table_creator

    def __call__(
        self,
        namespace: Namespace,
        name: str,
        schema: pa.Schema,
        keys: Sequence[str] = (),
        sequence: str | None = None,
        comment: str = "",
        fill: Callable[[OpenTable], object] = lambda table: None,
        partition_by: Sequence[str] = (),
        sort_by: Sequence[str] = (),
    ) -> OpenTable:
        """Create the table and return it. Raises `InvalidName`, `InvalidSchema`, `InvalidSetting` or `TableExists`.

        `partition_by`, `sort_by`: see `with_layout`.

        `fill` may write to the table before its name is registered; if `fill` fails, the table is never registered.
        """
        checked_table_name(namespace, name)
        columns = first_schema(fields_of(schema))
        policy = with_layout(MaintenancePolicy(), columns, partition_by, sort_by)
        definition = TableDefinition(*check_keys(columns, keys, sequence), comment, policy)
        return self._table_creator(
            namespace, name, Change(Operation.CREATE, definition=definition, schema=columns), fill
        )
