"""The types of columns, and which types widen to which without loss."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

Scalar = bool | int | float | str
"""A value in a column range: integers for integer, date (days since 1970), time and timestamp (in the type's unit) and
decimal (unscaled) columns; text for string columns, ordered by code point, which is the order of the UTF-8 bytes."""


SIGNED = {"int8": 8, "int16": 16, "int32": 32, "int64": 64}
UNSIGNED = {"uint8": 8, "uint16": 16, "uint32": 32, "uint64": 64}
FLOATS = {"float16": 16, "float32": 32, "float64": 64}
UNITS = {"ms": 3, "us": 6, "ns": 9}
NESTED = frozenset({"list", "struct", "map"})
MAX_DECIMAL_PRECISION = 38
MOST_NS = 2**63 - 2
"""The greatest number of nanoseconds in a timestamp, and minus it the least: the integers beyond are no moments, but
stand for infinity or for no value."""


@dataclass(frozen=True, slots=True)
class DataType:
    """The type of a column or nested field.

    `name`: bool, int8…int64, uint8…uint64, float16…float64, decimal, string, binary, date, time, timestamp, list,
    struct or map. `precision` and `scale`: of a decimal. `unit`: of a time or timestamp (ms, us, ns). `timezone`: of a
    timestamp, empty if it has none. `fields`: the one element of a list, the members of a struct, the key and value of
    a map.
    """

    name: str
    precision: int = 0
    scale: int = 0
    unit: str = ""
    timezone: str = ""
    fields: tuple[Field, ...] = ()

    def __str__(self) -> str:
        if self.name == "decimal":
            return f"decimal({self.precision},{self.scale})"
        if self.name == "time":
            return f"time({self.unit})"
        if self.name == "timestamp":
            return f"timestamp({self.unit},{self.timezone})" if self.timezone else f"timestamp({self.unit})"
        if self.name == "struct":
            return "struct<" + ", ".join(f"{field.name}: {field.type}" for field in self.fields) + ">"
        if self.fields:
            return f"{self.name}<" + ", ".join(str(field.type) for field in self.fields) + ">"
        return self.name


@dataclass(frozen=True, slots=True)
class Field:
    """A column, or a part of a nested column. The id never changes and is never reused in its table."""

    id: int
    name: str
    type: DataType
    nullable: bool = True
    comment: str = ""

    def walk(self) -> Iterator[Field]:
        """This field and all its nested fields, parents first."""
        yield self
        for child in self.type.fields:
            yield from child.walk()


def is_integer(kind: DataType) -> bool:
    return kind.name in SIGNED or kind.name in UNSIGNED


def widened(old: DataType, new: DataType) -> DataType | None:
    """The narrowest type that holds every value of both types exactly; None where there is none.

    Source: the type promotions of the Iceberg and Delta specifications, with unsigned integers added. Timestamps of two
    zones denote the same instants: the zone of `old` stays. Years that nanoseconds cannot hold are the exception to
    "every value": see `table.widened_values`. Nested types are compared in `schemas`, which has their field ids.
    """
    if old == new:
        return old
    if is_integer(old) and is_integer(new):
        return _wider_integer(old.name, new.name)
    if old.name in FLOATS and new.name in FLOATS:
        return max(old, new, key=lambda kind: FLOATS[kind.name])
    if old.name == new.name == "decimal":
        return _wider_decimal(old, new)
    if old.name == new.name and old.name in ("time", "timestamp") and bool(old.timezone) == bool(new.timezone):
        return replace(old, unit=max(old.unit, new.unit, key=lambda unit: UNITS[unit]))
    if {old.name, new.name} == {"date", "timestamp"}:
        stamp = old if old.name == "timestamp" else new
        return None if stamp.timezone else stamp
    return None


def _wider_integer(old: str, new: str) -> DataType | None:
    if (old in SIGNED) == (new in SIGNED):
        widths = SIGNED | UNSIGNED
        return DataType(max(old, new, key=lambda name: widths[name]))
    signed, unsigned = (old, new) if old in SIGNED else (new, old)
    needed = max(SIGNED[signed], 2 * UNSIGNED[unsigned])
    return DataType(f"int{needed}") if needed <= 64 else None


def _wider_decimal(old: DataType, new: DataType) -> DataType | None:
    scale = max(old.scale, new.scale)
    whole = max(old.precision - old.scale, new.precision - new.scale)
    if whole + scale > MAX_DECIMAL_PRECISION:
        return None
    return DataType("decimal", precision=whole + scale, scale=scale)
