"""The layout of a table: the transforms of columns by which files are partitioned, and the order of rows in files.

A file knows the partitions of its rows as ranges of transformed values, beside the ranges of columns, under
identifiers that no column has. Files that an older layout, or none, wrote have no such ranges.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from supertable.domain.errors import InvalidSchema, InvalidSetting
from supertable.domain.schema.schemas import Schema
from supertable.domain.schema.types import SIGNED, UNSIGNED, DataType, Field

_INTEGERS = frozenset({*SIGNED, *UNSIGNED})
_BYTES = frozenset({"string", "binary"})
_MOMENTS = frozenset({"date", "timestamp"})
_FITTING: Mapping[str, frozenset[str]] = {
    "identity": _INTEGERS | _BYTES | _MOMENTS | {"bool", "decimal", "time"},
    "year": _MOMENTS,
    "month": _MOMENTS,
    "day": _MOMENTS,
    "hour": frozenset({"timestamp"}),
    "truncate": _INTEGERS | _BYTES | {"decimal"},
    "bucket": _INTEGERS | _BYTES | _MOMENTS | {"decimal", "time"},
}
"""The types of columns that each transform takes."""
TRANSFORMS = tuple(_FITTING)
SHORT_DECIMAL = 18
"""Decimals with more digits cannot be truncated: 64 bits do not hold them."""

_MOST_FIELDS = 8
_MOST_PARAMETER = 1_000_000
_ID_SHIFT = 32
_TRANSFORM_SHIFT = 24
_NAME = r'"(?:[^"]|"")+"|[^\s(),"]+'
_CALL = re.compile(rf"\s*(\w+)\s*\(\s*(?:(\d{{1,9}})\s*,\s*)?({_NAME})(?:\s*,\s*(\d{{1,9}}))?\s*\)\s*", re.IGNORECASE)
_COLUMN = re.compile(rf"\s*({_NAME})\s*")
_ORDERED = re.compile(rf"\s*({_NAME})\s+(asc|desc)\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PartitionField:
    """A transform of a column, by its field id. `parameter`: the buckets, or the width of truncate; else 0."""

    column: int
    transform: str
    parameter: int = 0

    @property
    def range_id(self) -> int:
        """The identifier of the range of its values in a file. No column has so great a field id."""
        number = TRANSFORMS.index(self.transform) + 1
        return (self.column << _ID_SHIFT) | (number << _TRANSFORM_SHIFT) | self.parameter


@dataclass(frozen=True, slots=True)
class SortColumn:
    """A column, by its current name, by which rows are sorted; nulls last."""

    name: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """What applies to files of one schema: fields whose columns are there and have a fitting type."""

    partition_by: tuple[PartitionField, ...] = ()
    sort_by: tuple[SortColumn, ...] = ()


def partition_fields(texts: Sequence[str], schema: Schema) -> tuple[PartitionField, ...]:
    """Reads `day(at)`, `bucket(16, id)`, `truncate(3, name)`, or the name of a column.

    Raises `InvalidSetting` and `InvalidSchema`.
    """
    fields = tuple(_partition_field(text, schema) for text in texts)
    if len(set(fields)) < len(fields):
        raise InvalidSetting("partition_by", "each transform of a column can be given once")
    if len(fields) > _MOST_FIELDS:
        raise InvalidSetting("partition_by", f"a table is partitioned by at most {_MOST_FIELDS} transforms")
    return fields


def sort_columns(texts: Sequence[str], schema: Schema) -> tuple[SortColumn, ...]:
    """Reads `a` and `a DESC`. Raises `InvalidSchema` for a column that does not exist or is given twice."""
    columns = tuple(_sort_column(text, schema) for text in texts)
    names = [column.name for column in columns]
    for name in names:
        if names.count(name) > 1:
            raise InvalidSchema(name, "rows can be sorted by a column once")
    return columns


def fitting(fields: Iterable[PartitionField], schema: Schema) -> tuple[PartitionField, ...]:
    """Without those whose column was dropped, or has a type that the transform does not take."""
    return tuple(field for field in fields if (column := schema.by_id(field.column)) and fits(field, column.type))


def fits(field: PartitionField, kind: DataType) -> bool:
    takes = kind.name in _FITTING.get(field.transform, ())
    return takes and not (field.transform == "truncate" and kind.precision > SHORT_DECIMAL)


def field_text(field: PartitionField, schema: Schema) -> str | None:
    """The text that `partition_fields` reads; None: the column was dropped."""
    column = schema.by_id(field.column)
    if column is None:
        return None
    name = quoted_name(column.name)
    if field.transform == "identity":
        return name
    return f"{field.transform}({field.parameter}, {name})" if field.parameter else f"{field.transform}({name})"


def sort_text(column: SortColumn) -> str:
    """The text that `sort_columns` reads."""
    name = quoted_name(column.name) if column.descending or _ORDERED.fullmatch(column.name) else column.name
    return f"{name} DESC" if column.descending else name


def quoted_name(name: str) -> str:
    if _COLUMN.fullmatch(name) and not name.startswith('"'):
        return name
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def _partition_field(text: str, schema: Schema) -> PartitionField:
    call = _CALL.fullmatch(text)
    if call is None:
        if plain := schema.find(text):
            return _checked(PartitionField(plain.id, "identity"), plain)
        named = _COLUMN.fullmatch(text)
        if named is None:
            raise InvalidSetting("partition_by", f"{text!r} is neither a column nor a transform such as day(at)")
        column = _column(named[1], schema)
        return _checked(PartitionField(column.id, "identity"), column)
    transform = call[1].lower()
    transform = transform if transform in TRANSFORMS else transform.removesuffix("s")
    if transform not in TRANSFORMS:
        raise InvalidSetting("partition_by", f"there is no transform {call[1]}; there are {', '.join(TRANSFORMS)}")
    column = _column(call[3], schema)
    if call[2] and call[4]:
        raise InvalidSetting("partition_by", f"{transform} takes one number")
    return _checked(PartitionField(column.id, transform, int(call[2] or call[4] or 0)), column)


def _checked(field: PartitionField, column: Field) -> PartitionField:
    takes_number = field.transform in ("bucket", "truncate")
    if takes_number and not 1 <= field.parameter <= _MOST_PARAMETER:
        example = f"{field.transform}(16, {column.name})"
        raise InvalidSetting("partition_by", f"{field.transform} takes a number from 1 to 1,000,000, as in {example}")
    if not takes_number and field.parameter:
        raise InvalidSetting("partition_by", f"{field.transform} takes no number")
    if not fits(field, column.type):
        raise InvalidSchema(column.name, f"rows cannot be partitioned by {field.transform} of {column.type}")
    return field


def _sort_column(text: str, schema: Schema) -> SortColumn:
    ordered, named = _ORDERED.fullmatch(text), _COLUMN.fullmatch(text)
    if ordered and (column := schema.find(_unquoted(ordered[1]))):
        return SortColumn(column.name, ordered[2].lower() == "desc")
    found = schema.find(text) or (schema.find(_unquoted(named[1])) if named else None)
    if found is None:
        raise InvalidSchema(text, "rows cannot be sorted by a column that does not exist")
    return SortColumn(found.name)


def _column(name: str, schema: Schema) -> Field:
    found = schema.find(_unquoted(name))
    if found is None:
        raise InvalidSchema(_unquoted(name), "rows cannot be partitioned by a column that does not exist")
    return found


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
