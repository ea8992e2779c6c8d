"""Whether a row filter fits a table's columns: then it has one meaning, and fails on no row whatever is in it.

Values are compared within their family only, and every constant is exactly a value of the column that it is compared
with. Widening a column changes nothing of that; where another change does, nobody sees any rows by the filter.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from supertable.domain.access.row_filters import CALLER_FORMS, COMPARISONS, Form, Term
from supertable.domain.errors import InvalidInput
from supertable.domain.schema.scalars import scalar, scalar_text
from supertable.domain.schema.schemas import Schema
from supertable.domain.schema.types import FLOATS, DataType, Field, is_integer, widened

_TEXT = DataType("string")
_FITTING = {
    "number": {"number"},
    "float": {"number", "float"},
    "text": {"text"},
    "bool": {"bool"},
    "date": {"text", "date", "timestamp"},
    "time": {"text", "time"},
    "timestamp": {"text", "date", "timestamp"},
    "zoned": {"text", "date", "timestamp", "zoned"},
}
"""By the family of a column, those of the constants that it may be compared with, if they have the same value in it."""


def fitted_filter(condition: Term, schema: Schema) -> Term:
    """The condition with its constants in the types of the columns of `schema`. Raises `InvalidInput`.

    What was fitted once fits the same way again. Texts of the caller may be compared with any column of single values:
    where they are none of its values, the comparison is null.
    """
    return _Fitting(schema).condition(condition)


def family(kind: DataType) -> str | None:
    """What a type is compared with its like; None: it is not compared."""
    if is_integer(kind) or kind.name == "decimal":
        return "number"
    if kind.name in FLOATS:
        return "float"
    if kind.name == "timestamp" and kind.timezone:
        return "zoned"
    return "text" if kind.name == "string" else kind.name if kind.name in _FITTING else None


def constant(term: Term, kind: DataType) -> Term | None:
    """The constant as one of `kind`; None where it is not exactly that."""
    own = term.type or _TEXT
    value = scalar(term.text or "", kind)
    if value is None or family(own) not in _FITTING.get(family(kind) or "", ()):
        return None
    if own.name == "float64" and value != scalar(term.text or "", own):
        return None
    return replace(term, type=kind, text=scalar_text(value, kind))


@dataclass(frozen=True, slots=True)
class _Fitting:
    schema: Schema

    def condition(self, term: Term) -> Term:
        match term.form:
            case Form.AND | Form.OR | Form.NOT:
                return replace(term, parts=tuple(map(self.condition, term.parts)))
            case Form.IS_NULL:
                self.kind(term.parts[0])
                return term
            case Form.LIKE | Form.ILIKE:
                return self.like(term)
            case Form.COLUMN | Form.CONSTANT if self.kind(term).name == "bool":
                return term
            case form if form is Form.IN or form in COMPARISONS:
                return self.comparison(term)
        raise InvalidInput("A row filter is true or false for a row; a part of this one is a value of another kind.")

    def kind(self, value: Term) -> DataType:
        """The type of a value."""
        match value.form:
            case Form.COLUMN:
                return self.column(value).type
            case Form.CONSTANT:
                return value.type or _TEXT
            case Form.LOWER | Form.UPPER:
                self.text(value.parts[0])
                return _TEXT
            case form if form in CALLER_FORMS:
                return _TEXT
        raise InvalidInput(f"A condition ({value.form.upper()}) stands where a row filter needs a value.")

    def text(self, value: Term) -> None:
        if self.kind(value) != _TEXT:
            raise InvalidInput(f"LIKE, lower and upper are for text; {self.named(value)} is {self.kind(value)}.")

    def like(self, term: Term) -> Term:
        value, pattern = term.parts
        self.text(value)
        if pattern.form is not Form.CONSTANT or pattern.type != _TEXT:
            raise InvalidInput(f"{term.form.upper()} needs its pattern as a text: 'a%'.")
        return term

    def comparison(self, term: Term) -> Term:
        """The first part that has a type of its own gives that of the others."""
        own = [part for part in term.parts if not _adapts(part)]
        if not own and not any(_of_caller(part) for part in term.parts):
            raise InvalidInput("A comparison of constants says nothing; name a column, or current_user and its like.")
        kind = self.kind(own[0]) if own else _TEXT
        if family(kind) is None:
            raise InvalidInput(f"{self.named(own[0])} is {kind}, which can only be asked for IS [NOT] NULL.")
        return replace(term, parts=tuple(self.operand(part, kind, own) for part in term.parts))

    def operand(self, part: Term, kind: DataType, own: list[Term]) -> Term:
        if part.form is Form.CONSTANT and part.type == kind:
            return part
        if part.form is Form.CONSTANT and part.type is not None:
            fitting = constant(part, kind)
            if fitting is None:
                subject = self.named(own[0]) if own else "What is known of the caller"
                raise InvalidInput(f"{subject} is {kind}; {_shown(part)} is not exactly a value of that type.")
            return fitting
        if not _adapts(part) and not _comparable(kind, self.kind(part)):
            one, other = self.named(own[0]), self.named(part)
            raise InvalidInput(f"{one} is {kind}, {other} is {self.kind(part)}: these cannot be compared.")
        return part

    def column(self, value: Term) -> Field:
        found = self.schema.by_id(value.column)
        if found is None:
            raise InvalidInput("A column of the row filter is not there any more.")
        return found

    def named(self, value: Term) -> str:
        if value.form is Form.COLUMN:
            return f"Column {self.column(value).name}"
        return f"{value.form}()" if value.parts else str(value.form)


def _of_caller(part: Term) -> bool:
    """Whether it is a text of the caller; bound, it is a constant that has no type."""
    return part.form in CALLER_FORMS or (part.form is Form.CONSTANT and part.type is None)


def _adapts(part: Term) -> bool:
    return part.form is Form.CONSTANT or _of_caller(part)


def _comparable(one: DataType, other: DataType) -> bool:
    """Whether two columns are: all values of both have to have one type in every engine."""
    if one.name == other.name == "decimal":
        return widened(one, other) is not None
    return one == other or (is_integer(one) and is_integer(other)) or (one.name in FLOATS and other.name in FLOATS)


def _shown(part: Term) -> str:
    text = part.text or ""
    return repr(text if len(text) <= 40 else text[:39] + "…")
