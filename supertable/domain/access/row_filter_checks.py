"""Type checks of row filters. A filter that passes has one meaning and cannot fail on any row.

Values are only compared within their family, and every constant is exactly a value of the type of the column that it
is compared with. Widening a column keeps a filter valid. If another change makes it invalid, it shows no rows.
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
"""By the family of a column: the families of constants that it may be compared with, if its type holds their value."""


def fitted_filter(condition: Term, schema: Schema) -> Term:
    """The condition with its constants in the types of the columns of `schema`. Raises `InvalidInput`.

    Fitting a fitted condition changes nothing. Texts from the caller may be compared with any column of a scalar type:
    where a text is not a value of that type, the comparison is null.
    """
    return _Fitting(schema).condition(condition)


def family(kind: DataType) -> str | None:
    """The group of types that `kind` can be compared with; None: values of this type cannot be compared."""
    if is_integer(kind) or kind.name == "decimal":
        return "number"
    if kind.name in FLOATS:
        return "float"
    if kind.name == "timestamp" and kind.timezone:
        return "zoned"
    return "text" if kind.name == "string" else kind.name if kind.name in _FITTING else None


def constant(term: Term, kind: DataType) -> Term | None:
    """The constant converted to `kind`; None where it is not exactly a value of that type."""
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
        raise InvalidInput("A row filter must be true or false for each row; a part of this one is another value.")

    def kind(self, value: Term) -> DataType:
        """The type of a value. Raises `InvalidInput` where the term is a condition."""
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
        raise InvalidInput(f"The row filter has a condition ({value.form.upper()}) where a value is needed.")

    def text(self, value: Term) -> None:
        if self.kind(value) != _TEXT:
            raise InvalidInput(f"LIKE, lower and upper need text; {self.name_of(value)} is {self.kind(value)}.")

    def like(self, term: Term) -> Term:
        value, pattern = term.parts
        self.text(value)
        if pattern.form is not Form.CONSTANT or pattern.type != _TEXT:
            raise InvalidInput(f"The pattern of {term.form.upper()} must be a text constant, like 'a%'.")
        return term

    def comparison(self, term: Term) -> Term:
        """Compares in the type of the first part with a fixed type; in text where no part has one."""
        typed = [part for part in term.parts if not _adapts(part)]
        if not typed and not any(_is_from_caller(part) for part in term.parts):
            raise InvalidInput(
                "A row filter cannot compare constants with each other. Name a column, or a value of the caller: "
                "current_user, current_role or user_attribute."
            )
        kind = self.kind(typed[0]) if typed else _TEXT
        if family(kind) is None:
            raise InvalidInput(f"{self.name_of(typed[0])} is {kind}, which can only be tested with IS [NOT] NULL.")
        return replace(term, parts=tuple(self.operand(part, kind, typed) for part in term.parts))

    def operand(self, part: Term, kind: DataType, typed: list[Term]) -> Term:
        if part.form is Form.CONSTANT and part.type == kind:
            return part
        if part.form is Form.CONSTANT and part.type is not None:
            fitting = constant(part, kind)
            if fitting is None:
                subject = self.name_of(typed[0]) if typed else "A value of the caller"
                raise InvalidInput(f"{subject} is {kind}; {_shown(part)} is not exactly a value of that type.")
            return fitting
        if not _adapts(part) and not _comparable(kind, self.kind(part)):
            one, other = self.name_of(typed[0]), self.name_of(part)
            raise InvalidInput(f"{one} is {kind} and {other} is {self.kind(part)}; these cannot be compared.")
        return part

    def column(self, value: Term) -> Field:
        found = self.schema.by_id(value.column)
        if found is None:
            raise InvalidInput("A column of the row filter does not exist any more.")
        return found

    def name_of(self, value: Term) -> str:
        if value.form is Form.COLUMN:
            return f"Column {self.column(value).name}"
        return f"{value.form}()" if value.parts else str(value.form)


def _is_from_caller(part: Term) -> bool:
    """Whether the value comes from the caller. Once bound, such a value is a constant without a type."""
    return part.form in CALLER_FORMS or (part.form is Form.CONSTANT and part.type is None)


def _adapts(part: Term) -> bool:
    """Whether the value takes the type of what it is compared with."""
    return part.form is Form.CONSTANT or _is_from_caller(part)


def _comparable(one: DataType, other: DataType) -> bool:
    """Whether columns of the two types can be compared: one type must hold all their values in every engine."""
    if one.name == other.name == "decimal":
        return widened(one, other) is not None
    return one == other or (is_integer(one) and is_integer(other)) or (one.name in FLOATS and other.name in FLOATS)


def _shown(part: Term) -> str:
    text = part.text or ""
    return repr(text if len(text) <= 40 else text[:39] + "…")
