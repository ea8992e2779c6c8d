"""Whether a write's columns and rows fit a table, and are such as its caller may write.

Callers who see only a part of a table give only columns and rows that they would see, and supersede only rows that they
see. No answer or error tells of other rows: where one could, the write is refused whatever they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from supertable.application.ports.engines import RowFinder
from supertable.application.storage.arrow_schemas import fields_of
from supertable.application.tables.open_table import OpenTable
from supertable.application.writes.staged_files import Staged, staged_scan
from supertable.application.writes.write_modes import WriteMode
from supertable.domain.access.row_filters import columns_of
from supertable.domain.errors import AccessDenied, InvalidInput, InvalidSchema
from supertable.domain.scan.scan_plan import AccessStage
from supertable.domain.schema.schemas import Schema, fitted_schema, missing_columns, require_nullable, without
from supertable.domain.schema.types import Field

_WHOLE_ONLY = {WriteMode.OVERWRITE: "overwrite"}


@dataclass(frozen=True, slots=True)
class Fit:
    """How given columns fit a table. `schema`: the table's, or its evolution. `missing`: what an upsert lacks of it."""

    given: list[Field]
    schema: Schema
    missing: list[Field]

    @property
    def staged(self) -> Schema:
        """The schema that the rows are staged under."""
        return without(self.schema, self.missing) if self.missing else self.schema


def fit_columns(
    table: OpenTable, given: pa.Schema, mode: WriteMode, evolve: bool = False, where: str | None = None
) -> Fit:
    """How data with the columns `given` fits the table. Raises `InvalidInput` and its kinds, and `AccessDenied`."""
    fields = fields_of(given)
    check_restricted(table, fields, _WHOLE_ONLY.get(mode, "change the columns of" if evolve else ""))
    schema = fitted_schema(table.snapshot.schema, fields, evolve)
    missing = _missing_fields(table, schema, [field.name for field in fields], mode, where)
    return Fit(fields, schema, missing if mode is WriteMode.UPSERT else [])


def _missing_fields(
    table: OpenTable, schema: Schema, given: Sequence[str], mode: WriteMode, where: str | None
) -> list[Field]:
    """The columns that the data lacks, if it may."""
    if where is not None and mode is not WriteMode.OVERWRITE:
        raise InvalidInput("A predicate for what to replace goes with the mode overwrite only.")
    missing = missing_columns(schema, given)
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


def check_restricted(table: OpenTable, given: Sequence[Field], whole_only: str = "") -> None:
    """Raises `AccessDenied`, or what data with unknown columns raises. No-op where the caller sees the whole table.

    `whole_only`: what is wanted, if that is for those who see the whole table.
    """
    access = table.access
    if access is None:
        return
    if whole_only:
        table.require_whole(whole_only)
    schema = table.snapshot.schema
    unmasked = access.unmasked(schema)
    fitted_schema(unmasked, given, evolve=False)
    if any(not column.nullable for column in schema.fields if unmasked.by_id(column.id) is None):
        raise AccessDenied(f"Rows of table {table.name} need columns that this role does not see; it cannot write any.")
    check_keys_seen(table)
    definition = table.snapshot.definition
    if definition.keys and access.condition and not columns_of(access.condition) <= set(definition.keys):
        raise AccessDenied(
            f"Which rows of table {table.name} this role sees depends on more than their keys. It cannot write rows by "
            "keys, for it could meet rows that it does not see; it can delete."
        )


def check_keys_seen(table: OpenTable) -> None:
    """Raises `AccessDenied` where the caller does not see the key columns, or the sequence, as they are."""
    if table.access is None:
        return
    definition = table.snapshot.definition
    unmasked = table.access.unmasked(table.snapshot.schema)
    if not all(unmasked.by_id(column) for column in (*definition.keys, definition.sequence) if column):
        raise AccessDenied(f"This role does not see the key columns of table {table.name} as they are.")


def check_rows(table: OpenTable, staged: Staged, finder: RowFinder) -> None:
    """Raises `AccessDenied` for staged rows that the caller would not see."""
    if table.access is None or table.access.condition is None:
        return
    scan = staged_scan(table, staged, AccessStage(condition=table.access.condition))
    anything = finder.check_predicate("true", staged.schema)
    seen = sum(len(rows) for rows in finder.matching_predicate(scan, anything).values())
    if seen != staged.live_rows:
        raise AccessDenied(
            f"{staged.live_rows - seen:,} of the rows given for table {table.name} are none that this role may see; "
            "nothing was written."
        )
