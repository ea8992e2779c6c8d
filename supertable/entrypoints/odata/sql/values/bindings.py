"""Literals as bound parameters, of the type of what they are compared with."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from supertable.domain.errors import InvalidInput
from supertable.domain.schema.types import UNITS
from supertable.entrypoints.odata.expressions.syntax import Literal
from supertable.entrypoints.odata.sql.values.typed import Typed

_STAMPS = ("TIMESTAMP_MS", "TIMESTAMP", "TIMESTAMP_NS")
_NS_YEARS = range(1678, 2262)
_NAME = re.compile(r"\$(p\d+)\b")


class Bindings:
    """The parameters of a statement, by name. `prefix`: what their names begin with."""

    def __init__(self, prefix: str = "p") -> None:
        self.values: dict[str, Any] = {}
        self._prefix = prefix

    def add(self, value: Any, sql_type: str = "") -> str:
        """The SQL of a value."""
        name = f"{self._prefix}{len(self.values) + 1}"
        self.values[name] = value
        return f"CAST(${name} AS {sql_type})" if sql_type else f"${name}"

    def used_in(self, sql: str) -> dict[str, Any]:
        """Those that the statement names. A comparison with null, for one, leaves its other side out."""
        names = set(_NAME.findall(sql))
        return {name: value for name, value in self.values.items() if name in names}

    def sql(self, value: Typed, beside: Typed | None = None) -> str:
        """The SQL of a value; a literal is bound as the type of `beside`, which it is compared with.

        Raises `InvalidInput` for moments that have no UTC.
        """
        literal = value.literal
        if literal is None:
            return value.sql
        if literal.kind == "Edm.DateTimeOffset":
            return self._moment(literal, beside)
        if literal.kind == "null":
            return "NULL"
        return self.add(_bound(literal), _CASTS.get(literal.kind, ""))

    def float(self, value: Typed, sql_type: str) -> str:
        """The number as a FLOAT or DOUBLE."""
        if value.literal is None:
            return value.sql if _FLOAT_NAMES.get(value.name) == sql_type else f"CAST({value.sql} AS {sql_type})"
        return self.add(float(value.literal.text.replace("INF", "inf")), sql_type)

    def _moment(self, literal: Literal, beside: Typed | None) -> str:
        text, digits = _utc(literal)
        if beside is not None and beside.zoned:
            return self.add(f"{text}Z", "TIMESTAMPTZ")
        unit = UNITS[beside.stored.unit] if beside is not None and beside.stored and beside.stored.unit else 6
        stamp = _STAMPS[max(unit, 6 if digits > 3 else 3, 9 if digits > 6 else 3) // 3 - 1]
        return self.add(text, "TIMESTAMP" if stamp == "TIMESTAMP_NS" and outside_ns(literal) else stamp)


def outside_ns(literal: Literal | None) -> bool:
    """Whether the literal is a moment that a timestamp of nanoseconds cannot hold."""
    return (
        literal is not None
        and literal.kind == "Edm.DateTimeOffset"
        and int(str(literal.value).split("-")[0]) not in _NS_YEARS
    )


def _utc(literal: Literal) -> tuple[str, int]:
    """The text of the moment in UTC without its zone, and the digits of its fraction."""
    text = str(literal.value)
    zone = "+00:00" if text.endswith("Z") else text[-6:]
    plain = text.removesuffix("Z") if text.endswith("Z") else text[:-6]
    whole, _, fraction = plain.partition(".")
    fraction = fraction.rstrip("0")
    try:
        moment = datetime.fromisoformat(whole + zone).astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidInput(f"{literal.text[:80]} is outside the years 1 to 9999 in UTC.") from None
    if len(fraction) > 9:
        raise InvalidInput(f"{literal.text[:80]} has more than nine digits of a fraction.")
    return moment.replace(tzinfo=None).isoformat() + (f".{fraction}" if fraction else ""), len(fraction)


def _bound(literal: Literal) -> Any:
    if literal.kind == "Edm.TimeOfDay" and literal.text.count(":") == 1:
        return f"{literal.text}:00"
    return literal.value


_CASTS = {
    "Edm.Date": "DATE",
    "Edm.TimeOfDay": "TIME",
    "Edm.Double": "DOUBLE",
    "Edm.Boolean": "BOOLEAN",
    "Edm.String": "VARCHAR",
    "Edm.Duration": "BIGINT",
}
_FLOAT_NAMES = {"Edm.Single": "FLOAT", "Edm.Double": "DOUBLE"}
