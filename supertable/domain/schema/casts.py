"""Which types of data may have values of another type, and what to do about a value that is none.

Where the type of a column does not hold every value of the data's type, each value decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from supertable.domain.schema.types import FLOATS, DataType, Field, is_integer, widened

NULL = "null"
"""The name of the type of data that is null only. No column has it."""


def may_fit(kind: DataType, given: DataType) -> bool:
    """Whether values of `given` may be values of `kind`."""
    if given.name == NULL:
        return True
    if kind.fields or given.fields:
        return False
    return (_is_number(kind) and _is_number(given)) or widened(kind, given) is not None


def in_zone(columns: Iterable[Field], given: Iterable[Field], timezone: str) -> list[Field]:
    """The columns `given` of some data, with the zone of timestamps without one where `columns` have instants."""
    known = {column.name.lower(): column.type for column in columns}
    return [replace(field, type=_zoned(known.get(field.name.lower()), field.type, timezone)) for field in given]


def _zoned(kind: DataType | None, given: DataType, timezone: str) -> DataType:
    if kind is None:
        return given
    if kind.timezone and _is_local(given):
        return DataType("timestamp", unit=given.unit or "ms", timezone=timezone)
    if kind.name == "struct":
        return replace(given, fields=tuple(in_zone(kind.fields, given.fields, timezone)))
    pairs = zip(kind.fields, given.fields, strict=False)
    fields = tuple(replace(theirs, type=_zoned(ours.type, theirs.type, timezone)) for ours, theirs in pairs)
    return replace(given, fields=fields) if fields else given


def mismatch_hint(kind: DataType, given: DataType) -> str:
    """What to do about data of a type that never fits."""
    if kind.timezone and _is_local(given):
        return "A time without a zone is no instant. Say which zone its times are in: timezone='Europe/Berlin'."
    if given.name == "timestamp" and given.timezone and not kind.timezone and kind.name in ("timestamp", "date"):
        return "Convert its instants to local times first."
    return f"No type holds both; convert the data to {kind} first."


def remedy(kind: DataType, given: DataType, timezone: str = "") -> str:
    """What to do about a value of `given` that is no value of `kind`; without a full stop at its end."""
    if kind.timezone and not given.timezone:
        return f"{timezone} has this local time twice, or not at all: give such times with their offsets"
    if kind.timezone and given.timezone and given.unit == kind.unit:
        return "Columns with a zone hold microseconds: round it, or write it without a zone, in UTC, as timestamp(ns)"
    common = widened(kind, given)
    if common not in (None, kind):
        return f"Correct it, or write with evolve to widen the column to {common}"
    if given.name in FLOATS and not is_integer(kind) and kind.name != "decimal":
        return "Correct it"
    if is_integer(kind) or kind.name == "decimal":
        return "Round it first if that is what you want"
    return "Correct it first"


def _is_number(kind: DataType) -> bool:
    return is_integer(kind) or kind.name in FLOATS or kind.name == "decimal"


def _is_local(kind: DataType) -> bool:
    return kind.name == "date" or (kind.name == "timestamp" and not kind.timezone)
