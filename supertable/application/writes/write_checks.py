"""Checks of a write: its columns must fit the table, and the caller must see the columns and rows that it writes.

A caller who sees only a part of a table writes only columns and rows that it would see, and supersedes only rows that
it sees. No answer or error reveals other rows: where one could, the write is refused whatever those rows are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from supertable.application.ports.engines.row_finders import RowFinder
from supertable.application.storage.arrow.arrow_schemas import fields_of_data
from supertable.application.tables.open_table import OpenTable
from supertable.application.writes.staged_files import StagedFiles, staged_scan
from supertable.application.writes.write_modes import WriteMode
from supertable.domain.access.row_filters import columns_of
from supertable.domain.errors import AccessDenied, InvalidInput, InvalidSchema
from supertable.domain.scan.scan_plan import AccessStage
from supertable.domain.schema.casts import in_zone
from supertable.domain.schema.schemas import Schema, fitted_schema, missing_columns, require_nullable, without
from supertable.domain.schema.types import Field

_WHOLE_ONLY = {WriteMode.OVERWRITE: "overwrite"}


@dataclass(frozen=True, slots=True)
class ColumnFit:
    """How the columns of a write fit a table.

    `schema`: the table's schema, or its evolution. `missing`: the columns of `schema` that an upsert lacks.
    """

    columns: list[Field]
    schema: Schema
    missing: list[Field]

    @property
    def staged_schema(self) -> Schema:
        """The schema that the rows are staged under."""
        return without(self.schema, self.missing) if self.missing else self.schema


def fit_columns(
    table: OpenTable,
    columns: pa.Schema,
    mode: WriteMode,
    evolve: bool = False,
    where: str | None = None,
    timezone: str = "",
) -> ColumnFit:
    """Fit the columns of a write to the table. Raises `InvalidInput` and its subclasses, and `AccessDenied`.

    `timezone`: of timestamps without a zone, where the table has instants.
    """
    fields = fields_of_data(columns)
    if timezone:
        fields = in_zone(table.unmasked.fields, fields, timezone)
    check_mode_allowed(table, fields, mode, evolve)
    schema = fitted_schema(table.snapshot.schema, fields, evolve)
    missing = _missing_fields(table, schema, [field.name for field in fields], mode, where)
    return ColumnFit(fields, schema, missing if mode is WriteMode.UPSERT else [])


def check_mode_allowed(table: OpenTable, columns: Sequence[Field], mode: WriteMode, evolve: bool = False) -> None:
    """Raises `AccessDenied`, or the error of unknown columns, if the caller may not write the columns in this mode."""
    check_columns_writable(table, columns, _WHOLE_ONLY.get(mode, "change the columns of" if evolve else ""))


def _missing_fields(
    table: OpenTable, schema: Schema, names: Sequence[str], mode: WriteMode, where: str | None
) -> list[Field]:
    """The columns of `schema` that are not in `names`. Raises `InvalidInput` and its subclasses if they must be."""
    if where is not None and mode is not WriteMode.OVERWRITE:
        raise InvalidInput("Only the mode overwrite takes a predicate for the rows to replace.")
    missing = missing_columns(schema, names)
    if mode is not WriteMode.UPSERT:
        require_nullable(missing)
        return missing
    needed = {*table.snapshot.definition.keys, table.snapshot.definition.sequence}
    if not table.snapshot.definition.keys:
        raise InvalidInput(f"Table {table.name} has no key columns, so rows cannot be upserted; append them instead.")
    lacking = [field.name for field in missing if field.id in needed]
    if lacking:
        raise InvalidSchema(", ".join(lacking), "an upsert needs the key columns, and the sequence if there is one")
    return missing


def check_columns_writable(table: OpenTable, columns: Sequence[Field], action: str = "") -> None:
    """Raises `AccessDenied`, or the error of unknown columns. No-op if the caller sees the whole table.

    `action`: names what only callers who see the whole table may do, if the write does that.
    """
    access = table.access
    if access is None:
        return
    if action:
        table.require_whole(action)
    schema = table.snapshot.schema
    unmasked = access.unmasked(schema)
    fitted_schema(unmasked, columns, evolve=False)
    if any(not column.nullable for column in schema.fields if unmasked.by_id(column.id) is None):
        raise AccessDenied(
            f"This role cannot write rows of table {table.name}: they need columns that the role does not see."
        )
    check_keys_visible(table)
    definition = table.snapshot.definition
    if definition.keys and access.condition and not columns_of(access.condition) <= set(definition.keys):
        raise AccessDenied(
            f"The row filter of this role on table {table.name} uses columns other than the keys. The role cannot "
            "write rows by key, because they could collide with rows that it does not see. It can delete rows."
        )


def check_keys_visible(table: OpenTable) -> None:
    """Raises `AccessDenied` if the key columns or the sequence are hidden from the caller, or masked."""
    if table.access is None:
        return
    definition = table.snapshot.definition
    unmasked = table.access.unmasked(table.snapshot.schema)
    if not all(unmasked.by_id(column) for column in (*definition.keys, definition.sequence) if column):
        raise AccessDenied(f"The key columns of table {table.name} are hidden from this role, or masked.")


def check_rows_visible(table: OpenTable, staged: StagedFiles, finder: RowFinder) -> None:
    """Raises `AccessDenied` if the caller would not see all of the staged rows."""
    if table.access is None or table.access.condition is None:
        return
    scan = staged_scan(table, staged, AccessStage(condition=table.access.condition))
    always = finder.check_predicate("true", staged.schema)
    seen = sum(len(rows) for rows in finder.matching_predicate(scan, always).values())
    if seen != staged.live_rows:
        raise AccessDenied(
            f"This role would not see {staged.live_rows - seen:,} of the rows for table {table.name}; "
            "nothing was written."
        )
