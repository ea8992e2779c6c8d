"""Predicates: the conditions on one table in a query's WHERE that file pruning can use. Others are left out.

A predicate tree is a necessary condition: rows for which it is not true cannot be in the result.
"""

from __future__ import annotations

from dataclasses import dataclass

from supertable.domain.schema.types import Scalar


@dataclass(frozen=True, slots=True)
class Compare:
    """`column operator value`, operator one of `=`, `<`, `<=`, `>`, `>=`. False for a null column."""

    column: str
    operator: str
    value: Scalar


@dataclass(frozen=True, slots=True)
class IsIn:
    """`column IN (values)`. False for a null column."""

    column: str
    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class NullTest:
    """`column IS NULL`, or with `negated` IS NOT NULL."""

    column: str
    negated: bool


@dataclass(frozen=True, slots=True)
class All:
    """Every part is necessary. Without parts it is always true."""

    parts: tuple[Predicate, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of the parts is necessary. Without parts it is never true."""

    parts: tuple[Predicate, ...]


Predicate = Compare | IsIn | NullTest | All | AnyOf

ALWAYS = All(())
"""True for every row: no file can be pruned."""


def conjuncts(predicate: Predicate) -> list[Predicate]:
    """Predicates all of which must be true."""
    return [part for each in predicate.parts for part in conjuncts(each)] if isinstance(predicate, All) else [predicate]


def is_equality(predicate: Predicate) -> bool:
    """Whether it names the values that a column may have."""
    return isinstance(predicate, IsIn) or (isinstance(predicate, Compare) and predicate.operator == "=")
