"""Aggregates over all rows of a table that ranges can answer: which values are exact.

A range holds for dead rows too, and texts in it may be shortened. So the least value of all files is the least live
one only if a file without dead rows has it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from supertable.domain.scan.exact_predicates import exact_part
from supertable.domain.scan.predicates import Compare
from supertable.domain.schema.schemas import Schema
from supertable.domain.schema.types import Scalar

_WHOLE_TEXT = 64
"""Shorter lower ends of texts are not shortened. Upper ends may be, whatever their length is."""


@dataclass(frozen=True, slots=True)
class Summary:
    """`function(column)` over all rows. `function`: count, min or max; count without a column counts rows."""

    function: str
    column: str = ""


@dataclass(frozen=True, slots=True)
class Outermost:
    """The least or greatest end of some files. `exact`: a live row has this value, unless it is a shortened text."""

    end: Scalar
    exact: bool


def extreme(wanted: Summary, ends: Iterable[Outermost], schema: Schema) -> Scalar | None:
    """The least or greatest value, of at least one; None: it is not certain. `ends`: of all files that have values."""
    greatest = wanted.function == "max"
    found = sorted(ends, key=lambda each: (each.end, each.exact == greatest), reverse=greatest)
    if not found or not found[0].exact:
        return None
    value = found[0].end
    if isinstance(value, str):
        return None if greatest or len(value) >= _WHOLE_TEXT else value
    may_be_other_zero = isinstance(value, float) and value == 0
    is_exact = exact_part(compared := Compare(wanted.column, "=", value), schema) == compared
    return value if is_exact and not may_be_other_zero else None
