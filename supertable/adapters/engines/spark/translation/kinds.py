"""The types of a bound plan, and the Spark type that carries the values of each.

Spark has no unsigned integers, no integers of 128 bits, no nanoseconds, and no member names that differ only by case:

| DuckDB | Spark |
|---|---|
| UTINYINT, USMALLINT, UINTEGER, UBIGINT | SMALLINT, INT, BIGINT, DECIMAL(20,0) |
| HUGEINT | DECIMAL(38,0) |
| TIME; TIMESTAMP_NS | BIGINT: microseconds of the day; nanoseconds since 1970 |
| TIMESTAMP; TIMESTAMP WITH TIME ZONE | TIMESTAMP_NTZ; TIMESTAMP |
| STRUCT(…) | STRUCT<f0: …, f1: …>: members by their position |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from supertable.adapters.engines.spark.translation.refusals import refused

_SCALARS: Mapping[str, str] = {
    "BOOLEAN": "BOOLEAN",
    "TINYINT": "TINYINT",
    "SMALLINT": "SMALLINT",
    "INTEGER": "INT",
    "BIGINT": "BIGINT",
    "HUGEINT": "DECIMAL(38,0)",
    "UTINYINT": "SMALLINT",
    "USMALLINT": "INT",
    "UINTEGER": "BIGINT",
    "UBIGINT": "DECIMAL(20,0)",
    "FLOAT": "FLOAT",
    "DOUBLE": "DOUBLE",
    "VARCHAR": "STRING",
    "BLOB": "BINARY",
    "DATE": "DATE",
    "TIME": "BIGINT",
    "TIMESTAMP": "TIMESTAMP_NTZ",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMP",
    "TIMESTAMP_NS": "BIGINT",
    "NULL": "INT",
}
_OTHER_NAMES = {"SQLNULL": "NULL", '"NULL"': "NULL"}
SIGNED = {"TINYINT": 8, "SMALLINT": 16, "INTEGER": 32, "BIGINT": 64}
UNSIGNED = {"UTINYINT": 8, "USMALLINT": 16, "UINTEGER": 32, "UBIGINT": 64}
FLOATS = frozenset({"FLOAT", "DOUBLE"})


@dataclass(frozen=True, slots=True)
class Kind:
    """`name`: DuckDB's. `width`, `scale`: of a DECIMAL. `parts`: the element, the members, or the key and the value.

    `members`: the names of a STRUCT's members, empty where it has none.
    """

    name: str
    width: int = 0
    scale: int = 0
    parts: tuple[Kind, ...] = ()
    members: tuple[str, ...] = ()

    @property
    def spark(self) -> str:
        """The Spark type. Raises `NotOnSpark` where no type of Spark has the same values."""
        if self.name == "DECIMAL":
            return f"DECIMAL({self.width},{self.scale})"
        if self.name == "LIST":
            return f"ARRAY<{self.parts[0].spark}>"
        if self.name == "MAP":
            return f"MAP<{self.parts[0].spark}, {self.parts[1].spark}>"
        if self.name == "STRUCT":
            return f"STRUCT<{', '.join(f'{member(i)}: {part.spark}' for i, part in enumerate(self.parts))}>"
        if self.name not in _SCALARS:
            raise refused(f"the type {self.name}")
        return _SCALARS[self.name]

    @property
    def nested(self) -> bool:
        return bool(self.parts)

    @property
    def has_maps(self) -> bool:
        return self.name == "MAP" or any(part.has_maps for part in self.parts)

    def __str__(self) -> str:
        return f"DECIMAL({self.width},{self.scale})" if self.name == "DECIMAL" else self.name


BOOLEAN, BIGINT, DOUBLE, VARCHAR = Kind("BOOLEAN"), Kind("BIGINT"), Kind("DOUBLE"), Kind("VARCHAR")


def member(position: int) -> str:
    """The name of a STRUCT's member in Spark."""
    return f"f{position}"


def kind_of(given: Mapping[str, Any]) -> Kind:
    """The type, as DuckDB serializes it in plans."""
    name = _OTHER_NAMES.get(given["id"], given["id"])
    info = given.get("type_info") or {}
    if info.get("alias"):
        raise refused(f"the type {info['alias']}")
    match name:
        case "DECIMAL":
            return Kind(name, info["width"], info.get("scale", 0))
        case "LIST":
            return Kind(name, parts=(kind_of(info["child_type"]),))
        case "STRUCT" | "TUPLE":
            children = info.get("child_types", ())
            parts = tuple(kind_of(child["second"]) for child in children)
            return Kind("STRUCT", parts=parts, members=tuple(child.get("first", "") for child in children))
        case "MAP":
            entry = info["child_type"]["type_info"]["child_types"]
            return Kind(name, parts=tuple(kind_of(part["second"]) for part in entry))
    return Kind(name)
