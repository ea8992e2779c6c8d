"""Which rows of a table somebody may see: a condition over its columns and over what is known of the caller.

It is a tree of the few forms below, and never text. Columns stand in it by field id, so that a rename changes nothing.
A row is seen where the condition is true; where it is null the row stays hidden, as in SQL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from supertable.domain.errors import InvalidInput
from supertable.domain.schema.types import DataType

MAX_DEPTH = 50
MAX_TERMS = 1_000


class Form(StrEnum):
    """What a term is. Values: those down to UPPER. All others are conditions."""

    COLUMN = "column"
    CONSTANT = "constant"
    USER = "current_user"
    ROLE = "current_role"
    ATTRIBUTE = "user_attribute"
    LOWER = "lower"
    UPPER = "upper"
    EQUAL = "="
    UNEQUAL = "<>"
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="
    IN = "in"
    IS_NULL = "is null"
    LIKE = "like"
    ILIKE = "ilike"
    NOT = "not"
    AND = "and"
    OR = "or"


COMPARISONS = frozenset({Form.EQUAL, Form.UNEQUAL, Form.LESS, Form.AT_MOST, Form.MORE, Form.AT_LEAST})
CALLER_FORMS = frozenset({Form.USER, Form.ROLE, Form.ATTRIBUTE})


@dataclass(frozen=True, slots=True)
class Term:
    """One node. `parts`: the operands; of IN the value and then those it may be.

    `column`: the field id of a COLUMN. `text`: how a CONSTANT of `type` is written, or the name of an ATTRIBUTE, which
    is a text, and null where the caller does not have it. A boolean column or constant may stand as a condition.

    A constant without a type is a text of the caller's, which is compared as what the other side is; None: null.
    """

    form: Form
    parts: tuple[Term, ...] = ()
    column: int = 0
    type: DataType | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """What is known of who asks. `user` is the user's hash."""

    user: str
    role: str
    attributes: Mapping[str, str] = field(default_factory=dict)


def terms(condition: Term) -> Iterator[Term]:
    """The condition and all that is in it."""
    yield condition
    for part in condition.parts:
        yield from terms(part)


def columns_of(condition: Term) -> frozenset[int]:
    """Field ids of the columns that the condition reads."""
    return frozenset(term.column for term in terms(condition) if term.form is Form.COLUMN)


def bound(condition: Term, caller: Caller) -> Term:
    """The condition for one caller: nothing in it stands for the caller any more."""
    known: Mapping[Form, Callable[[Term], str | None]] = {
        Form.USER: lambda _: caller.user,
        Form.ROLE: lambda _: caller.role,
        Form.ATTRIBUTE: lambda term: caller.attributes.get(term.text or ""),
    }
    if condition.form in CALLER_FORMS:
        return Term(Form.CONSTANT, text=known[condition.form](condition))
    if not condition.parts:
        return condition
    return replace(condition, parts=tuple(bound(part, caller) for part in condition.parts))


def checked_filter(condition: Term) -> Term:
    """The condition, or `InvalidInput` where it is too large to be run for every query."""
    if _depth_over(condition, MAX_DEPTH) or sum(1 for _ in terms(condition)) > MAX_TERMS:
        raise InvalidInput(f"A row filter may have {MAX_TERMS:,} parts, nested {MAX_DEPTH} deep.")
    return condition


def _depth_over(condition: Term, most: int) -> bool:
    return most == 0 or any(_depth_over(part, most - 1) for part in condition.parts)
