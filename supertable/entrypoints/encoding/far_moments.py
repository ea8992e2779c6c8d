"""The text of dates, times and timestamps that Arrow prints as `<value out of range>`.

Tables do not hold them, but expressions return them: infinity, 24:00:00, and years that are far from ours.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence

import pyarrow as pa

_OUT_OF_RANGE = re.compile(r"<value out of range: (-?\d+)>(Z?)")
_UNITS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_SECONDS_PER_DAY = 86_400
_DAYS_PER_400_YEARS = 146_097
_FIRST_DAY = -719_162
"""0001-01-01, in days since 1970."""


def readable(texts: Sequence[str | None], kind: pa.DataType) -> list[str | None]:
    """The texts, with those that say `<value out of range>` replaced. They may end with a Z."""
    return [text if text is None or not text.startswith("<") else _readable(text, kind) for text in texts]


def _readable(text: str, kind: pa.DataType) -> str:
    found = _OUT_OF_RANGE.fullmatch(text)
    if found is None:
        return text
    value = int(found[1])
    if abs(value) == 2 ** (kind.bit_width - 1) - 1:
        return "infinity" if value > 0 else "-infinity"
    if pa.types.is_date(kind):
        return _date(value)
    units = _UNITS[kind.unit]
    days, rest = divmod(value, _SECONDS_PER_DAY * units)
    if pa.types.is_time(kind):
        return "24:00:00" if (days, rest) == (1, 0) else text
    return f"{_date(days)} {_clock(*divmod(rest, units), len(str(units)) - 1)}{found[2]}"


def _date(days: int) -> str:
    cycles, day = divmod(days - _FIRST_DAY, _DAYS_PER_400_YEARS)
    date = datetime.date.fromordinal(day + 1)
    return f"{date.year + 400 * cycles:05d}-{date:%m-%d}"


def _clock(seconds: int, fraction: int, digits: int) -> str:
    text = str(datetime.timedelta(seconds=seconds)).zfill(8)
    return f"{text}.{fraction:0{digits}d}".rstrip("0") if fraction else text
