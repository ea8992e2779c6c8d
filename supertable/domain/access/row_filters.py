"""Row filters: conditions over a table's columns and the caller's attributes that decide which rows a role sees.

A filter is a tree of the few forms below, and never text. It refers to columns by field id, so renames do not affect
it. A row is visible where the condition is true. Where it is false or null the row is hidden, as in SQL.
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
    """The kind of a term. The forms down to UPPER are values, all others are conditions."""

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
    """A node of the tree. `parts`: the operands; of IN, the tested value and then the values of the list.

    `column`: the field id of a COLUMN. `text`: the written form of a CONSTANT of `type`, or the name of an ATTRIBUTE,
    whose value is a text, or null where the caller does not have it. A boolean column or constant may be a condition.

    A CONSTANT without a type is a text from the caller, compared in the type of the other operand. Its `text` is None
    for null.
    """

    form: Form
    parts: tuple[Term, ...] = ()
    column: int = 0
    type: DataType | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """The caller as row filters see it. `user`: the user's hash."""

    user: str
    role: str
    attributes: Mapping[str, str] = field(default_factory=dict)


def terms(condition: Term) -> Iterator[Term]:
    """The condition and all terms in it, parents first."""
    yield condition
    for part in condition.parts:
        yield from terms(part)


def columns_of(condition: Term) -> frozenset[int]:
    """The field ids of the columns that the condition reads."""
    return frozenset(term.column for term in terms(condition) if term.form is Form.COLUMN)


def bound(condition: Term, caller: Caller) -> Term:
    """The condition for one caller: constants replace the terms that stand for the caller."""
    values: Mapping[Form, Callable[[Term], str | None]] = {
        Form.USER: lambda _: caller.user,
        Form.ROLE: lambda _: caller.role,
        Form.ATTRIBUTE: lambda term: caller.attributes.get(term.text or ""),
    }
    if condition.form in CALLER_FORMS:
        return Term(Form.CONSTANT, text=values[condition.form](condition))
    if not condition.parts:
        return condition
    return replace(condition, parts=tuple(bound(part, caller) for part in condition.parts))


def checked_filter(condition: Term) -> Term:
    """Returns the condition unchanged. Raises `InvalidInput` where it is too large to run in every query."""
    if _is_deeper(condition, MAX_DEPTH) or sum(1 for _ in terms(condition)) > MAX_TERMS:
        raise InvalidInput(f"A row filter may have up to {MAX_TERMS:,} parts, nested up to {MAX_DEPTH} deep.")
    return condition


def _is_deeper(condition: Term, limit: int) -> bool:
    return limit == 0 or any(_is_deeper(part, limit - 1) for part in condition.parts)
