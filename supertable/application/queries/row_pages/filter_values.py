"""Texts that a client compares with a column, as bound parameters. A text must be a value of the column's type.

The texts are those of JSON results: ISO 8601 for dates and times (in UTC where they have no zone), base64 for binary.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from supertable.domain.errors import InvalidInput
from supertable.domain.schema.types import FLOATS, MAX_DECIMAL_PRECISION, NESTED, UNITS, DataType, Field, is_integer

Bound = tuple[Any, str]
"""The value of a parameter, and the SQL type that it is cast to; empty: none."""

_NUMBER = re.compile(r"-?\d{1,400}(\.\d{1,400})?([eE][+-]?\d{1,4})?", re.ASCII)
_TIME = r"(\d\d:\d\d(:\d\d(\.(?P<fraction>\d{1,9}))?)?)"
_CLOCK = re.compile(_TIME, re.ASCII)
_MOMENT = re.compile(rf"(?P<date>\d{{4,6}}-\d\d-\d\d)([T ]{_TIME}(?P<zone>Z|[+-]\d\d:\d\d)?)?", re.ASCII)
_NOT_FINITE = frozenset({"NaN", "Infinity", "-Infinity"})
_TIMESTAMPS = {"ms": "TIMESTAMP_MS", "us": "TIMESTAMP", "ns": "TIMESTAMP_NS"}


def bound_value(column: Field, text: str) -> Bound:
    """Raises `InvalidInput` for a text that is no value of the column's type, and for nested columns."""
    kind = column.type
    if kind.name in NESTED:
        raise InvalidInput(f"Column {column.name} is a {kind.name}, which cannot be compared here. Run a query.")
    try:
        return _parser(kind)(text, kind)
    except (ValueError, ArithmeticError, binascii.Error):
        raise InvalidInput(f"{text[:80]!r} is no {kind}, which column {column.name} holds.") from None


def _parser(kind: DataType) -> Callable[[str, DataType], Bound]:
    if is_integer(kind):
        return _integer
    return _float if kind.name in FLOATS else _PARSERS[kind.name]


def _integer(text: str, _: DataType) -> Bound:
    if not re.fullmatch(r"-?\d{1,38}", text, re.ASCII):
        raise ValueError
    return int(text), ""


def _float(text: str, kind: DataType) -> Bound:
    if text not in _NOT_FINITE and not _NUMBER.fullmatch(text):
        raise ValueError
    return float(text), "DOUBLE" if kind.name == "float64" else "FLOAT"


def _decimal(text: str, _: DataType) -> Bound:
    if not _NUMBER.fullmatch(text) or abs(Decimal(text).adjusted()) >= MAX_DECIMAL_PRECISION:
        raise ValueError
    plain = f"{Decimal(text):f}"
    if len(plain.removeprefix("-").replace(".", "")) > MAX_DECIMAL_PRECISION:
        raise ValueError
    return Decimal(plain), ""


def _bool(text: str, _: DataType) -> Bound:
    return {"true": True, "false": False}[text] if text in ("true", "false") else _refused(), ""


def _binary(text: str, _: DataType) -> Bound:
    return base64.b64decode(text, validate=True), ""


def _date(text: str, _: DataType) -> Bound:
    found = _MOMENT.fullmatch(text)
    if found is None or found["date"] != text:
        raise ValueError
    return _checked_date(text), "DATE"


def _time(text: str, kind: DataType) -> Bound:
    found = _CLOCK.fullmatch(text)
    if found is None or not _fits(found["fraction"], kind):
        raise ValueError
    return text, "TIME"


def _timestamp(text: str, kind: DataType) -> Bound:
    found = _MOMENT.fullmatch(text)
    if found is None or not _fits(found["fraction"], kind):
        raise ValueError
    _checked_date(found["date"])
    zone = found["zone"]
    if not kind.timezone:
        return _refused() if zone else (text, _TIMESTAMPS[kind.unit])
    return (text if zone else f"{text}{'' if ':' in text else 'T00:00:00'}Z"), "TIMESTAMPTZ"


def _fits(fraction: str | None, kind: DataType) -> bool:
    """Whether the type has all digits of the fraction of a second."""
    return len((fraction or "").rstrip("0")) <= UNITS[kind.unit]


def _checked_date(text: str) -> str:
    if len(text) == len("2000-01-01"):
        date.fromisoformat(text)
    return text


def _refused() -> Any:
    raise ValueError


_PARSERS: dict[str, Callable[[str, DataType], Bound]] = {
    "bool": _bool,
    "decimal": _decimal,
    "string": lambda text, _: (text, ""),
    "binary": _binary,
    "date": _date,
    "time": _time,
    "timestamp": _timestamp,
}
