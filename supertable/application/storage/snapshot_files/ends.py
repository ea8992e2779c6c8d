"""The ends of ranges as arrays, one class for each kind, compared as Python compares `end * factor` with a value.

A comparison becomes one of the end with the nearest number of the end's own kind: 64-bit numbers would overflow when
they are multiplied, and integers would be compared with floats inexactly.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Flags = npt.NDArray[np.bool_]
Counts = npt.NDArray[np.int64]

_LEAST, _MOST = -(2**63), 2**63 - 1


class Ends(Protocol):
    """Results are meaningless where the end is unknown. `values` ascend."""

    def at_most(self, value: Any, factor: int, strict: bool) -> Flags: ...

    def at_least(self, value: Any, factor: int, strict: bool) -> Flags: ...

    def values_below(self, values: Sequence[Any], factor: int) -> Counts:
        """For each end how many values are less than it."""

    def values_up_to(self, values: Sequence[Any], factor: int) -> Counts:
        """For each end how many values are at most as great."""


class Integers:
    """Booleans too, as 0 and 1."""

    def __init__(self, values: pa.Array) -> None:
        self._ends = values.cast(pa.int64()).fill_null(0).to_numpy()

    def at_most(self, value: Any, factor: int, strict: bool) -> Flags:
        bound = _integer_below(value, factor, strict)
        return self._all(bound > _MOST) if not _LEAST <= bound <= _MOST else self._ends <= bound

    def at_least(self, value: Any, factor: int, strict: bool) -> Flags:
        bound = _integer_above(value, factor, strict)
        return self._all(bound < _LEAST) if not _LEAST <= bound <= _MOST else self._ends >= bound

    def values_below(self, values: Sequence[Any], factor: int) -> Counts:
        bounds = [_integer_below(value, factor, strict=False) for value in values]
        below = sum(bound < _LEAST for bound in bounds)
        bounded = np.array([int(min(bound, _MOST)) for bound in bounds[below:]], np.int64)
        return below + _places(bounded, self._ends, "left")

    def values_up_to(self, values: Sequence[Any], factor: int) -> Counts:
        bounds = [_integer_above(value, factor, strict=False) for value in values]
        bounded = np.array([int(max(bound, _LEAST)) for bound in bounds if bound <= _MOST], np.int64)
        return _places(bounded, self._ends, "right")

    def _all(self, result: bool) -> Flags:
        return np.full(len(self._ends), result)


class Floats:
    """Columns of floats are never converted, so that the factor is 1."""

    def __init__(self, values: pa.Array) -> None:
        self._ends = values.fill_null(0.0).to_numpy()

    def at_most(self, value: Any, factor: int, strict: bool) -> Flags:  # noqa: ARG002
        found: Flags = self._ends <= _float_below(value, strict)
        return found

    def at_least(self, value: Any, factor: int, strict: bool) -> Flags:  # noqa: ARG002
        found: Flags = self._ends >= _float_above(value, strict)
        return found

    def values_below(self, values: Sequence[Any], factor: int) -> Counts:  # noqa: ARG002
        return _places(np.array([_float_below(value, strict=False) for value in values]), self._ends, "left")

    def values_up_to(self, values: Sequence[Any], factor: int) -> Counts:  # noqa: ARG002
        return _places(np.array([_float_above(value, strict=False) for value in values]), self._ends, "right")


class Texts:
    """UTF-8, which sorts by code point, as Python's strings do."""

    def __init__(self, values: pa.Array) -> None:
        self._ends = values.fill_null(b"")

    def at_most(self, value: Any, factor: int, strict: bool) -> Flags:  # noqa: ARG002
        return self._compared(pc.less if strict else pc.less_equal, value)

    def at_least(self, value: Any, factor: int, strict: bool) -> Flags:  # noqa: ARG002
        return self._compared(pc.greater if strict else pc.greater_equal, value)

    def values_below(self, values: Sequence[Any], factor: int) -> Counts:  # noqa: ARG002
        return _places(_objects([_utf8(value) for value in values]), _objects(self._ends.to_pylist()), "left")

    def values_up_to(self, values: Sequence[Any], factor: int) -> Counts:  # noqa: ARG002
        return _places(_objects([_utf8(value) for value in values]), _objects(self._ends.to_pylist()), "right")

    def _compared(self, test: Any, value: str) -> Flags:
        found: Flags = test(self._ends, pa.scalar(_utf8(value), pa.binary())).to_numpy(zero_copy_only=False)
        return found


class BigIntegers:
    """Integers beyond 64 bits, as Python's own: such ranges are rare."""

    def __init__(self, values: pa.Array) -> None:
        self._ends = _objects([int(value) for value in values.fill_null(0).to_pylist()])

    def at_most(self, value: Any, factor: int, strict: bool) -> Flags:
        return (self._ends <= _integer_below(value, factor, strict)).astype(np.bool_)

    def at_least(self, value: Any, factor: int, strict: bool) -> Flags:
        return (self._ends >= _integer_above(value, factor, strict)).astype(np.bool_)

    def values_below(self, values: Sequence[Any], factor: int) -> Counts:
        bounds = [_integer_below(value, factor, strict=False) for value in values]
        return _places(_objects(bounds), self._ends, "left")

    def values_up_to(self, values: Sequence[Any], factor: int) -> Counts:
        bounds = [_integer_above(value, factor, strict=False) for value in values]
        return _places(_objects(bounds), self._ends, "right")


ENDS: Mapping[str, type[Integers | Floats | Texts | BigIntegers]] = {
    "bool": Integers,
    "int": Integers,
    "float": Floats,
    "text": Texts,
    "big": BigIntegers,
}
"""By the kinds of `file_table`."""


def _integer_below(value: Any, factor: int, strict: bool) -> float:
    """The greatest integer x with `x * factor <= value` (`strict`: `<`), or an infinity."""
    if isinstance(value, float) and math.isinf(value):
        return float(value)
    bound: int = (math.ceil(value) - 1 if strict else math.floor(value)) // factor
    return bound


def _integer_above(value: Any, factor: int, strict: bool) -> float:
    """The least integer x with `x * factor >= value` (`strict`: `>`), or an infinity."""
    if isinstance(value, float) and math.isinf(value):
        return float(value)
    bound: int = -(-(math.floor(value) + 1 if strict else math.ceil(value)) // factor)
    return bound


def _float_below(value: float, strict: bool) -> float:
    """The greatest float x with `x <= value` (`strict`: `<`)."""
    nearest = _nearest(value)
    return nearest if nearest < value or (nearest == value and not strict) else math.nextafter(nearest, -math.inf)


def _float_above(value: float, strict: bool) -> float:
    nearest = _nearest(value)
    return nearest if nearest > value or (nearest == value and not strict) else math.nextafter(nearest, math.inf)


def _nearest(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _places(values: Any, ends: Any, side: Literal["left", "right"]) -> Counts:
    places: Counts = np.searchsorted(values, ends, side)
    return places


def _objects(values: Sequence[Any]) -> npt.NDArray[np.object_]:
    found = np.empty(len(values), np.object_)
    found[:] = values
    return found


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
