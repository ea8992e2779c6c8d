"""Queries that need the first rows of a table by one column alone: which values these can have."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from supertable.domain.scan.predicates import ALWAYS, AnyOf, Compare, NullTest, Predicate
from supertable.domain.schema.types import Scalar

MOST_FIRST_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class FirstRows:
    """`ORDER BY column LIMIT count`, without a condition. Rows that are equal in it are ordered by something else."""

    column: str
    count: int
    descending: bool = False
    nulls_first: bool = False


@dataclass(frozen=True, slots=True)
class Guarantee:
    """At least so many live rows of a file have a value that is at most `end`, or at least `end` where it descends."""

    end: Scalar
    rows: int


def first_rows_predicate(first: FirstRows, guarantees: Iterable[Guarantee]) -> Predicate:
    """True for every row that can be among the first. `guarantees`: of different files, ends in the current units."""
    remaining = first.count
    for found in sorted(guarantees, key=lambda each: each.end, reverse=first.descending):
        remaining -= found.rows
        if remaining <= 0:
            bounded = Compare(first.column, ">=" if first.descending else "<=", found.end)
            return AnyOf((bounded, NullTest(first.column, negated=False))) if first.nulls_first else bounded
    return ALWAYS
