"""What operators and functions of OData mean, in plain Python: written from the specification alone.

OData 4.01, URL conventions, 5.1.1. None is null. Conditions have three values.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Sequence
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_UP, Decimal, localcontext
from typing import Any

import numpy as np


def negation(value: bool | None) -> bool | None:
    return None if value is None else not value


def conjunction(values: Sequence[bool | None]) -> bool | None:
    return False if False in values else None if None in values else True


def disjunction(values: Sequence[bool | None]) -> bool | None:
    return True if True in values else None if None in values else False


def compare(operator: str, left: Any, right: Any) -> bool:
    """Null equals null alone; NaN equals nothing, and is neither more nor less than anything."""
    if operator == "ne":
        return not compare("eq", left, right)
    if left is None or right is None:
        return operator == "eq" and left is None and right is None
    left, right = same_kind(left, right)
    result: bool = {
        "eq": lambda: left == right,
        "gt": lambda: left > right,
        "ge": lambda: left >= right,
        "lt": lambda: left < right,
        "le": lambda: left <= right,
    }[operator]()
    return bool(result)


def same_kind(left: Any, right: Any) -> tuple[Any, Any]:
    """Numbers are promoted: to a double if one is, else to a single if one is. Decimals and integers are exact."""
    for kind, convert in ((float, float), (np.float32, np.float32)):
        if type(left) is kind or type(right) is kind:
            return convert(left), convert(right)
    return left, right


def divided(left: float, right: float) -> float:
    if right == 0:
        return math.nan if left == 0 or math.isnan(left) else math.copysign(math.inf, left) * math.copysign(1, right)
    return left / right


def truncated(left: int, right: int) -> int:
    """The quotient without its fraction."""
    whole = abs(left) // abs(right)
    return whole if (left < 0) == (right < 0) else -whole


def remainder(left: Any, right: Any) -> Any:
    """It has the sign of the dividend."""
    if isinstance(left, float) or isinstance(right, float):
        return math.nan if right == 0 or math.isinf(left) else math.fmod(left, right)
    return left - right * int(exact_quotient(Decimal(left), Decimal(right), 0)) if right else None


def exact_quotient(left: Decimal, right: Decimal, digits: int) -> Decimal:
    """With so many digits after the point; the rest is cut off."""
    with localcontext() as context:
        context.prec = 120
        return (left / right).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_DOWN)


def rounded(name: str, value: Any) -> Any:
    """Halves go away from zero."""
    if isinstance(value, float):
        if math.isnan(value) or math.isinf(value) or abs(value) > 2**52:
            return value
        exact = Decimal(value)
    else:
        exact = Decimal(value)
    with localcontext() as context:
        context.prec = 400
        mode = {"round": ROUND_HALF_UP, "floor": ROUND_FLOOR, "ceiling": ROUND_CEILING}[name]
        whole = exact.quantize(Decimal(1), rounding=mode)
    return float(whole) if isinstance(value, float) else int(whole) if isinstance(value, int) else whole


def substring(text: str, start: int, length: int | None = None) -> str:
    """A negative start is relative to the end."""
    begin = max(len(text) + start, 0) if start < 0 else start
    end = len(text) if length is None else begin + max(length, 0)
    return text[begin:end]


def simple_case(text: str, change: Callable[[str], str]) -> str:
    """Letter by letter: one letter stays one. The capital of ß is ẞ."""
    if change is str.upper:
        text = text.replace("ß", "ẞ")
    return "".join(change(letter) if len(change(letter)) == 1 else letter for letter in text)


def fraction(value: dt.datetime | dt.time) -> Decimal:
    return Decimal(value.microsecond).scaleb(-6)


def sorting(value: Any, descending: bool) -> Any:
    """A key for `sorted`: null is lowest, NaN is the greatest number."""
    rank = (0, 0) if value is None else (2, 0) if value != value else (1, value)
    return _Reversed(rank) if descending else _Ranked(rank)


class _Ranked:
    def __init__(self, rank: tuple[int, Any]) -> None:
        self.rank = rank

    def __lt__(self, other: _Ranked) -> bool:
        return self.rank < other.rank

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Ranked) and self.rank == other.rank


class _Reversed(_Ranked):
    def __lt__(self, other: _Ranked) -> bool:
        return other.rank < self.rank
