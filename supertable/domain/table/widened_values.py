"""Values that do not fit the wider type of their column.

Every widening holds every value, but one: nanoseconds since 1970 reach from September 1677 to April 2262, dates and
coarser timestamps from year 1 to 9999. So no version may have a file with other values in a column of nanoseconds.
Dead rows count, since engines convert them too. Ranges of top-level columns are exact; nested fields have none, so that
files with such fields are refused whatever their values are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from supertable.domain.errors import InvalidSchema
from supertable.domain.schema.schemas import Schema, walk_fields
from supertable.domain.schema.types import MOST_NS, UNITS, DataType
from supertable.domain.table.commits import Change
from supertable.domain.table.data_files import ColumnRange, DataFile
from supertable.domain.table.snapshots import Snapshot

_NS_PER_DAY = 86_400_000_000_000


def check_widened_values(snapshot: Snapshot, change: Change) -> None:
    """Raises `InvalidSchema` if the version that `change` makes would have values that do not fit their column."""
    schema = change.schema or snapshot.schema
    schemas = {**snapshot.schemas, schema.id: schema}
    check_values(change.added, schemas, schema)
    if change.schema is not None and any(_factors(written, schema) for written in snapshot.schemas.values()):
        removed = set(change.removed)
        check_values((file for file in snapshot.files.values() if file.path not in removed), schemas, schema)


def check_values(files: Iterable[DataFile], schemas: Mapping[int, Schema], current: Schema) -> None:
    """Raises `InvalidSchema` if files, written under `schemas`, have values that do not fit `current`."""
    factors: dict[int, dict[int, int | None]] = {}
    for file in files:
        if file.schema_id not in factors:
            factors[file.schema_id] = _factors(schemas[file.schema_id], current)
        for column, factor in factors[file.schema_id].items():
            if file.rows and (factor is None or not _fits(file.ranges.get(column), file.rows, factor)):
                raise InvalidSchema(_name(current, column), _reason(factor))


def _factors(written: Schema, current: Schema) -> dict[int, int | None]:
    """The columns that nanoseconds may not hold, by field id, and their units in nanoseconds; None: nested."""
    if written.id == current.id:
        return {}
    before = {field.id: field.type for field in walk_fields(written.fields)}
    found: dict[int, int | None] = {}
    for column in current.fields:
        for field in column.walk():
            units = _units(before.get(field.id), field.type)
            if units is not None:
                found[column.id] = units if field is column else None
    return found


def _units(old: DataType | None, new: DataType) -> int | None:
    if old is None or new.unit != "ns" or old.unit == "ns":
        return None
    return _NS_PER_DAY if old.name == "date" else int(10 ** (UNITS["ns"] - UNITS[old.unit]))


def _fits(found: ColumnRange | None, rows: int, factor: int) -> bool:
    if found is None:
        return False
    if isinstance(found.low, int) and isinstance(found.high, int):
        return found.low * factor >= -MOST_NS and found.high * factor <= MOST_NS
    return found.nulls == rows


def _name(schema: Schema, column: int) -> str:
    field = schema.by_id(column)
    assert field is not None, "columns of the schema"
    return field.name


def _reason(factor: int | None) -> str:
    if factor is None:
        return "nested timestamps cannot become nanoseconds while the table has rows, since not all of them may fit"
    return (
        "some of its values are outside the years 1677 to 2262, which nanoseconds cannot hold. Deleted rows count, "
        "until a compaction removes them"
    )
