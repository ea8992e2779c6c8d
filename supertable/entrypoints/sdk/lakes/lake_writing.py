"""The methods of a lake that write and delete rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import pyarrow as pa

from supertable.application.commits.write_result import WriteResult
from supertable.application.ddl.load_options import type_of
from supertable.application.ddl.write_or_create import WriteTarget
from supertable.application.tables.namespace import Namespace
from supertable.application.writes.write_modes import ModeName, checked_mode
from supertable.config.container import Container
from supertable.domain.errors import InvalidInput
from supertable.domain.table.commit_info import checked_commit_info
from supertable.entrypoints.sdk.door import door
from supertable.entrypoints.sdk.inputs.sources import paths_of, rows_of
from supertable.entrypoints.sdk.tables.table import Table
from supertable.entrypoints.sdk.tables.table_rows import LakeOfTable
from supertable.entrypoints.sdk.writing import Names, names_of, write_to


@door
class LakeWriting:
    """The part of `Lake` that writes and deletes rows."""

    _container: Container
    _namespace: Namespace

    def create_table(
        self,
        name: str,
        schema: Any,
        keys: Names = (),
        sequence: str | None = None,
        comment: str = "",
        *,
        partition_by: Names = (),
        sort_by: Names = (),
    ) -> Table:
        """Create a table: empty, at version 1, or with rows, which are version 2.

            lake.create_table("orders", {"id": "int64", "price": "decimal(10,2)"}, keys="id")

        `schema`: a pyarrow Schema, pairs of name and type, or a dict of types; or data as in `write`, whose columns
        and rows the table gets. `keys`: the columns that identify a row; the table then holds one row per key.
        `sequence`: the column that decides which of two rows with the same key is newer (the greater value); None: the
        row written later. `partition_by`, `sort_by`: the layout of its files, as in `Table.set_maintenance`.
        Raises `InvalidName`, `InvalidSchema`, `InvalidSetting` and `TableExists`; for data also what `write` raises.
        """
        columns = _schema_of(schema)
        if columns is None:
            target = WriteTarget(
                name,
                keys=names_of(keys),
                sequence=sequence,
                comment=comment,
                partition_by=names_of(partition_by),
                sort_by=names_of(sort_by),
            )
            self._create(target, schema)
            return Table(cast(LakeOfTable, self), name)
        created = self._container.create_table()(
            self._namespace,
            name,
            columns,
            names_of(keys),
            sequence,
            comment,
            partition_by=names_of(partition_by),
            sort_by=names_of(sort_by),
        )
        return Table(cast(LakeOfTable, self), created.name)

    def create_table_from(
        self,
        name: str,
        data: Any,
        keys: Names = (),
        sequence: str | None = None,
        *,
        partition_by: Names = (),
        sort_by: Names = (),
        idempotency_key: str | None = None,
        properties: Mapping[str, str] | None = None,
    ) -> WriteResult:
        """Create a table with the columns and rows of `data`. If the write fails, no table is created.

        The rows are version 2. Parameters and errors are those of `create_table` and `write`.
        """
        info = checked_commit_info(idempotency_key, properties)
        target = WriteTarget(
            name,
            keys=names_of(keys),
            sequence=sequence,
            info=info,
            partition_by=names_of(partition_by),
            sort_by=names_of(sort_by),
        )
        return self._create(target, data)

    def write(
        self,
        name: str,
        data: Any,
        mode: ModeName = "append",
        *,
        where: str | None = None,
        evolve: bool = False,
        create: bool = True,
        keys: Names = (),
        sequence: str | None = None,
        partition_by: Names = (),
        sort_by: Names = (),
        timezone: str = "",
        idempotency_key: str | None = None,
        properties: Mapping[str, str] | None = None,
    ) -> WriteResult:
        """Write rows to a table as one version, which is durable when this returns.

            lake.write("orders", [{"id": 1, "price": 9.5}], keys="id")

        The table is created if it does not exist, unless `create` is False. `keys`, `sequence`, `partition_by`,
        `sort_by`: of a table that is created, as in `create_table`; an existing one must have the same.
        `data`: a pyarrow Table, RecordBatchReader or Dataset; a polars or pandas DataFrame, or a LazyFrame; a DuckDB
        relation; the result of a query; a dict of columns; a list of dicts or dataclasses; an iterator of these or of
        batches, which are streamed; any object with `__arrow_c_stream__`; or paths and patterns of files, as in `load`.
        Columns are matched by name. Values of another type than their column are cast where they are exactly a value of
        it, and refused otherwise, with row, column and value. `timezone`: of timestamps without a zone, for columns
        with one.
        `mode`: `append` adds the rows; `upsert` also replaces the rows with the same keys, which keep the values of
        columns that the data lacks; `overwrite` replaces all rows, or with `where` those for which the SQL condition is
        true. `evolve`: allow the data to add columns and widen types. `idempotency_key`: 1 to 255 characters; the same
        write again, by the same user with the same key, writes nothing and returns the first result. `properties`:
        names and values, both text, at most 65,536 characters in all, recorded in the history.
        Raises `InvalidInput` and its subclasses, `TableNotFound`, `IdempotencyKeyReused` if another write has the key,
        and `Conflict`. Nothing is changed then.
        """
        info = checked_commit_info(idempotency_key, properties)
        target = WriteTarget(
            name,
            checked_mode(mode),
            names_of(keys),
            sequence,
            evolve,
            info,
            where,
            timezone,
            create,
            partition_by=names_of(partition_by),
            sort_by=names_of(sort_by),
        )
        return write_to(self._container, self._namespace, target, data)

    def delete(
        self,
        name: str,
        where: str | None = None,
        keys: Any = None,
        *,
        reason: str = "",
        idempotency_key: str | None = None,
        properties: Mapping[str, str] | None = None,
    ) -> WriteResult:
        """Delete rows as one version: those for which a SQL condition is true, or those with given keys.

        Give either `where` or `keys`, which is data as in `write` with the key columns. Older versions keep the rows;
        `Table.restore` undoes a delete. `reason` is recorded in the history and in `Table.tombstones`.
        `idempotency_key`, `properties`: as in `write`.
        Raises `TableNotFound`, `InvalidStatement`, `InvalidInput`, `IdempotencyKeyReused` and `Conflict`. Nothing is
        changed then.
        """
        if (where is None) == (keys is None):
            raise InvalidInput("Give either `where` or `keys` to say which rows to delete.")
        info = checked_commit_info(idempotency_key, properties)
        use_case = self._container.delete_rows()
        if where is not None:
            return use_case.where(self._namespace, name, where, reason, info)
        return use_case.keys(self._namespace, name, rows_of(keys), reason, info)

    def _create(self, target: WriteTarget, data: Any) -> WriteResult:
        if paths_of(data) is not None:
            raise InvalidInput(f"Files are loaded into a table by lake.load(…, into={target.table!r}).")
        return self._container.write_or_create()(self._namespace, target, None, rows_of(data))


def _schema_of(given: Any) -> pa.Schema | None:
    """The schema, if it is one; None: it is data."""
    if isinstance(given, pa.Schema):
        return given
    if isinstance(given, Mapping):
        pairs = list(given.items())
    elif isinstance(given, list | tuple):
        pairs = [(each.name, each) if isinstance(each, pa.Field) else each for each in given]
    else:
        return None
    if not all(_is_typed_name(pair) for pair in pairs):
        return None
    return pa.schema([kind if isinstance(kind, pa.Field) else (name, type_of(kind, name)) for name, kind in pairs])


def _is_typed_name(pair: Any) -> bool:
    return isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[1], pa.DataType | pa.Field | str)
