"""The names of types, such as `int64`, `decimal(10,2)` or `list<string>`, read back into types."""

from __future__ import annotations

import re
from collections.abc import Callable

from supertable.domain.errors import InvalidSchema
from supertable.domain.schema.new_fields import MAX_DEPTH
from supertable.domain.schema.types import DataType, Field

_SCALAR_TYPES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], DataType]], ...] = (
    (
        re.compile(r"bool|u?int(8|16|32|64)|float(16|32|64)|string|binary|date", re.ASCII),
        lambda found: DataType(found[0]),
    ),
    (
        re.compile(r"decimal\((?P<precision>[1-9]|[12]\d|3[0-8]), ?(?P<scale>\d|[12]\d|3[0-8])\)", re.ASCII),
        lambda found: DataType("decimal", precision=int(found["precision"]), scale=int(found["scale"])),
    ),
    (re.compile(r"time\((?P<unit>ms|us)\)"), lambda found: DataType("time", unit=found["unit"])),
    (
        re.compile(r"timestamp\((?P<unit>ms|us|ns)(, ?(?P<zone>[A-Za-z0-9_+:/-]{1,64}))?\)", re.ASCII),
        lambda found: DataType("timestamp", unit=found["unit"], timezone=found["zone"] or ""),
    ),
)
_NESTED = re.compile(r"(list|map|struct)<(.*)>", re.DOTALL)
_SEPARATOR = re.compile(r",(?![^()]*\))")
"""A comma that is not within the parentheses of a scalar type."""


def named_type(text: str, path: str, depth: int = 0) -> DataType:
    """Parse a type: the inverse of `str`, unless the name of a struct's member has one of `<>,:`.

    Raises `InvalidSchema`. `depth`: how many types surround it.
    """
    found = _NESTED.fullmatch(text)
    if found is None:
        return _scalar_type(text, path)
    if depth >= MAX_DEPTH:
        raise InvalidSchema(path, f"it is nested more than {MAX_DEPTH} levels deep")
    kind, parts = found[1], _parts(found[2])
    if kind == "struct":
        members = [part.partition(":") for part in parts]
        named = [(name.strip(), type_.strip()) for name, _, type_ in members]
    else:
        expected = ("element",) if kind == "list" else ("key", "value")
        if len(parts) != len(expected):
            raise InvalidSchema(path, f"{text[:80]!r} is not a type; write list<int64> and map<string, int64>")
        named = list(zip(expected, parts, strict=True))
    fields = (Field(0, name, named_type(part, f"{path}.{name}", depth + 1), name != "key") for name, part in named)
    return DataType(kind, fields=tuple(fields))


def _parts(text: str) -> list[str]:
    """The parts between commas that are not within the brackets of another type."""
    parts: list[str] = []
    open_brackets = 0
    for piece in _SEPARATOR.split(text):
        if open_brackets:
            parts[-1] += f",{piece}"
        else:
            parts.append(piece.strip())
        open_brackets += piece.count("<") - piece.count(">")
    return parts


def _scalar_type(text: str, path: str) -> DataType:
    for pattern, build in _SCALAR_TYPES:
        found = pattern.fullmatch(text)
        if found:
            return build(found)
    raise InvalidSchema(
        path, f"{text[:80]!r} is not a type; types are like int64, decimal(10,2), string, timestamp(us)"
    )
