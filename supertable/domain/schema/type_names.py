"""The names of scalar types, such as `int64` or `decimal(10,2)`, read back into types."""

from __future__ import annotations

import re
from collections.abc import Callable

from supertable.domain.errors import InvalidSchema
from supertable.domain.schema.types import DataType

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


def scalar_type(text: str, path: str) -> DataType:
    """Parse a scalar type: the inverse of `str`. Raises `InvalidSchema`."""
    for pattern, build in _SCALAR_TYPES:
        found = pattern.fullmatch(text)
        if found:
            return build(found)
    raise InvalidSchema(
        path, f"{text[:80]!r} is not a type; types are like int64, decimal(10,2), string, timestamp(us)"
    )
