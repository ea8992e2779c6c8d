"""Constants as Spark's SQL. The caller's text reaches Spark as hexadecimal digits, or as letters and digits.

So no quote, escape, comment or `${variable}` of the caller is ever read as SQL, whatever a session's settings are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from supertable.adapters.engines.spark.translation.kinds import Kind, member
from supertable.adapters.engines.spark.translation.refusals import refused

_PLAIN = re.compile(r"[A-Za-z0-9 ]{0,200}")
_INTEGERS = frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"})
_WIDE = frozenset({"UBIGINT", "HUGEINT"})
_MOST = 10**38 - 1
_DAYS = (-719_162, 2_932_896)
"""The first day of the year 1 and the last of 9999, from 1970 on."""
_DAY_US = 86_400_000_000
_BLOB = re.compile(rb"\\x([0-9A-Fa-f]{2})")


def null(kind: Kind) -> str:
    return f"CAST(NULL AS {kind.spark})"


def text(value: str) -> str:
    if _PLAIN.fullmatch(value):
        return f"'{value}'"
    return f"CAST({_binary(value.encode())} AS STRING)"


def double(value: float | str) -> str:
    """A double, also one that is infinite or no number."""
    written = {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}.get(repr(float(value)), repr(float(value)))
    return f"CAST('{written}' AS DOUBLE)"


def constant(given: Any, kind: Kind) -> str:
    """The value, as DuckDB serializes it in plans. Raises `NotOnSpark`."""
    if given.get("is_null", False):
        return null(kind)
    value = given.get("value")
    if kind.nested:
        return _nested(value, kind)
    if kind.name in _INTEGERS:
        return f"CAST({int(value)}L AS {kind.spark})"
    if kind.name in _WIDE:
        return _wide(_integer(value), kind)
    if kind.name == "DECIMAL":
        return f"CAST('{_decimal(_integer(value), kind.scale)}' AS {kind.spark})"
    rule = _SCALARS.get(kind.name)
    return rule(value) if rule else _moment(int(value), kind)


def integer(given: Mapping[str, Any]) -> int | None:
    """The value of an integer constant; None for other values, and for NULL."""
    value = None if given.get("is_null") else given.get("value")
    return value if type(value) is int else None


def _moment(value: int, kind: Kind) -> str:
    if kind.name in ("TIME", "TIMESTAMP_NS"):
        return f"{value}L"
    days = value if kind.name == "DATE" else value // _DAY_US
    if not _DAYS[0] <= days <= _DAYS[1]:
        raise refused("moments outside the years 1 to 9999")
    match kind.name:
        case "DATE":
            return f"date_from_unix_date({value})"
        case "TIMESTAMP":
            return f"CAST(timestamp_micros({value}L) AS TIMESTAMP_NTZ)"
        case "TIMESTAMP WITH TIME ZONE":
            return f"timestamp_micros({value}L)"
    raise refused(f"constants of the type {kind}")


def _integer(value: Any) -> int:
    """An integer of any width, which DuckDB splits where it has more than 64 bits."""
    if isinstance(value, Mapping):
        return (int(value.get("upper", 0)) << 64) + int(value.get("lower", 0))
    return int(value)


def _decimal(digits: int, scale: int) -> str:
    whole, rest = divmod(abs(digits), 10**scale)
    return f"{'-' * (digits < 0)}{whole}" + (f".{rest:0{scale}}" if scale else "")


def _wide(value: int, kind: Kind) -> str:
    if abs(value) > _MOST:
        raise refused("integers of more than 38 digits")
    return f"CAST('{value}' AS {kind.spark})"


def _binary(value: bytes) -> str:
    return f"X'{value.hex()}'"


def _nested(value: Any, kind: Kind) -> str:
    children = value.get("children", [])
    match kind.name:
        case "LIST":
            items = ", ".join(constant(child, kind.parts[0]) for child in children)
            return f"CAST(array({items}) AS {kind.spark})"
        case "STRUCT":
            return struct([constant(child, part) for child, part in zip(children, kind.parts, strict=True)])
        case "MAP":
            pairs = [child["value"]["children"] for child in children]
            keys = ", ".join(constant(key, kind.parts[0]) for key, _ in pairs)
            values = ", ".join(constant(one, kind.parts[1]) for _, one in pairs)
            return f"CAST(map_from_arrays(array({keys}), array({values})) AS {kind.spark})"
    raise refused(f"constants of the type {kind}")


def struct(values: list[str]) -> str:
    items = ", ".join(f"'{member(i)}', {value}" for i, value in enumerate(values))
    return f"named_struct({items})"


def _blob(value: str) -> str:
    """From DuckDB's text of bytes, with escapes for those that are not printed."""
    return _binary(_BLOB.sub(lambda found: bytes([int(found[1], 16)]), value.encode("latin-1")))


_SCALARS: Mapping[str, Callable[[Any], str]] = {
    "BOOLEAN": lambda value: "TRUE" if value else "FALSE",
    "DOUBLE": double,
    "FLOAT": lambda value: f"CAST({double(value)} AS FLOAT)",
    "VARCHAR": text,
    "BLOB": _blob,
}
