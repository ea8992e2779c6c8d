"""Constants of scalar types: conversion between text and the values used in column ranges.

A text is read only where it is exactly a value of the type; nothing is rounded, truncated or guessed. Floats are the
exception: they take the nearest number, as in every notation with a decimal point.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time, timedelta
from fractions import Fraction

from supertable.domain.schema.types import FLOATS, MOST_NS, SIGNED, UNITS, UNSIGNED, DataType, Scalar

_MOST_CHARACTERS = 200
_NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
_FLOAT = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d{1,4})?", re.ASCII)
_CLOCK = r"\d\d:\d\d(:\d\d(\.\d{1,6})?)?"
_TIME = re.compile(_CLOCK, re.ASCII)
_MOMENT = re.compile(rf"\d{{4}}-\d\d-\d\d([ T]{_CLOCK}(Z|[+-]\d\d(:?\d\d)?)?)?", re.ASCII)
_BOOLS = {"true": True, "t": True, "false": False, "f": False}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)
_US_PER_DAY = 86_400_000_000


def scalar(text: str, kind: DataType) -> Scalar | None:
    """The value of `text` as `kind`, in the units of column ranges; None where it is not exactly a value of the type.

    Dates and timestamps are written in ISO 8601, in the years 1 to 9999; without an offset they are UTC.
    """
    read = _READERS.get(kind.name)
    if read is None or (kind.name != "string" and len(text) > _MOST_CHARACTERS):
        return None
    try:
        return read(text, kind)
    except (ValueError, OverflowError):
        return None


def scalar_text(value: Scalar, kind: DataType) -> str:
    """The text of `value`, which `scalar` and every engine read back as the same value."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return repr(value)
    if kind.name == "date":
        return (_EPOCH + timedelta(days=value)).date().isoformat()
    if kind.name == "timestamp":
        moment = _EPOCH + _US * _to_us(value, kind)
        return (moment if kind.timezone else moment.replace(tzinfo=None)).isoformat(" ")
    if kind.name == "time":
        return (_EPOCH + _US * _to_us(value, kind)).time().isoformat()
    return _decimal_text(value, kind.scale)


def _string(text: str, _kind: DataType) -> str | None:
    text.encode()  # raises for a lone surrogate, which is not valid text
    return None if "\x00" in text else text


def _bool(text: str, _kind: DataType) -> bool | None:
    return _BOOLS.get(text.lower())


def _whole(text: str, kind: DataType) -> int | None:
    if not _NUMBER.fullmatch(text):
        return None
    whole, _, part = text.partition(".")
    part = part.rstrip("0")
    if len(part) > kind.scale:
        return None
    value = int(whole + part.ljust(kind.scale, "0"))
    low, high = _limits(kind)
    return value if low <= value <= high else None


def _limits(kind: DataType) -> tuple[int, int]:
    if kind.name in SIGNED:
        half: int = 2 ** (SIGNED[kind.name] - 1)
        return -half, half - 1
    if kind.name in UNSIGNED:
        return 0, int(2 ** UNSIGNED[kind.name]) - 1
    most = int(10**kind.precision) - 1
    return -most, most


def _float(text: str, kind: DataType) -> float | None:
    """Half floats are compared as single floats, which hold every half float exactly."""
    if not _FLOAT.fullmatch(text):
        return None
    value = float(text)
    if kind.name != "float64":
        (value,) = struct.unpack("f", struct.pack("f", value))
    return value + 0.0 if math.isfinite(value) else None  # turns -0.0 into 0.0, which equals it


def _date(text: str, kind: DataType) -> int | None:
    days, rest = divmod(_microseconds(text, kind), _US_PER_DAY)
    return None if rest else days


def _timestamp(text: str, kind: DataType) -> int | None:
    value = _from_us(_microseconds(text, kind), kind)
    return None if value is None or (kind.unit == "ns" and abs(value) > MOST_NS) else value


def _microseconds(text: str, kind: DataType) -> int:
    if not _MOMENT.fullmatch(text):
        raise ValueError(text)
    moment = datetime.fromisoformat(text)
    if moment.tzinfo and not kind.timezone:
        raise ValueError(text)
    utc = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (utc - _EPOCH) // _US


def _time(text: str, kind: DataType) -> int | None:
    if not _TIME.fullmatch(text):
        return None
    clock = time.fromisoformat(text)
    seconds = (clock.hour * 60 + clock.minute) * 60 + clock.second
    return _from_us(seconds * 1_000_000 + clock.microsecond, kind)


def _from_us(microseconds: int, kind: DataType) -> int | None:
    value = Fraction(microseconds) * Fraction(10) ** (UNITS[kind.unit] - UNITS["us"])
    return int(value) if value.denominator == 1 else None


def _to_us(value: int, kind: DataType) -> int:
    return int(value * Fraction(10) ** (UNITS["us"] - UNITS[kind.unit]))


def _decimal_text(unscaled: int, scale: int) -> str:
    digits = str(abs(unscaled)).zfill(scale + 1)
    whole, part = digits[: len(digits) - scale], digits[len(digits) - scale :]
    return ("-" if unscaled < 0 else "") + (f"{whole}.{part}" if part else whole)


_READERS: Mapping[str, Callable[[str, DataType], Scalar | None]] = {
    "string": _string,
    "bool": _bool,
    "decimal": _whole,
    "date": _date,
    "timestamp": _timestamp,
    "time": _time,
    **dict.fromkeys((*SIGNED, *UNSIGNED), _whole),
    **dict.fromkeys(FLOATS, _float),
}
