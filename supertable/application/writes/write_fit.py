"""Whether given columns fit a table, by the mode of the write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from supertable.application.tables.open_table import OpenTable
from supertable.domain.errors import InvalidInput, InvalidSchema
from supertable.domain.schema.schemas import Schema, missing_columns, require_nullable, without
from supertable.domain.schema.types import Field


class WriteMode(StrEnum):
    APPEND = "append"
    UPSERT = "upsert"
    OVERWRITE = "overwrite"


@dataclass(frozen=True, slots=True)
class Fit:
    """How given columns fit a table. `schema`: the table's, or its evolution. `missing`: what an upsert lacks of it."""

    given: list[Field]
    schema: Schema
    missing: list[Field]

    @property
    def staged(self) -> Schema:
        """What the rows are staged under."""
        return without(self.schema, self.missing) if self.missing else self.schema


def missing_fields(
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
