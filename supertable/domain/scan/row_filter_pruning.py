"""The part of a row filter that file pruning can use."""

from __future__ import annotations

from supertable.domain.access.row_filters import COMPARISONS, Form, Term
from supertable.domain.scan.predicates import ALWAYS, All, AnyOf, Compare, IsIn, NullTest, Predicate
from supertable.domain.schema.scalars import scalar
from supertable.domain.schema.schemas import Schema
from supertable.domain.schema.types import Field

NEVER = AnyOf(())
_FLIPPED = {
    Form.LESS: Form.MORE,
    Form.AT_MOST: Form.AT_LEAST,
    Form.MORE: Form.LESS,
    Form.AT_LEAST: Form.AT_MOST,
}


def necessary_predicate(condition: Term, schema: Schema) -> Predicate:
    """A predicate that holds for every row of `schema` for which the bound condition is true."""
    match condition.form:
        case Form.AND:
            return All(tuple(necessary_predicate(part, schema) for part in condition.parts))
        case Form.OR:
            return _either([necessary_predicate(part, schema) for part in condition.parts])
        case Form.NOT:
            return _not(condition.parts[0], schema)
        case Form.COLUMN:
            return _is(condition, schema, True)
        case Form.CONSTANT:
            return ALWAYS if condition.text == "true" else NEVER
        case Form.IS_NULL:
            return _null_test(condition, schema, negated=False)
        case Form.IN:
            value, *among = condition.parts
            return _either([_compared(Form.EQUAL, value, one, schema) for one in among])
        case form if form in COMPARISONS:
            left, right = condition.parts
            return _compared(form, left, right, schema)
    return ALWAYS


def _not(condition: Term, schema: Schema) -> Predicate:
    if condition.form is Form.IS_NULL:
        return _null_test(condition, schema, negated=True)
    return _is(condition, schema, False) if condition.form is Form.COLUMN else ALWAYS


def _null_test(condition: Term, schema: Schema, negated: bool) -> Predicate:
    field = _column(condition.parts[0], schema)
    return NullTest(field.name, negated) if field else ALWAYS


def _is(column: Term, schema: Schema, value: bool) -> Predicate:
    field = _column(column, schema)
    return Compare(field.name, "=", value) if field else ALWAYS


def _compared(form: Form, left: Term, right: Term, schema: Schema) -> Predicate:
    if left.form is Form.CONSTANT:
        left, right, form = right, left, _FLIPPED.get(form, form)
    field = _column(left, schema)
    if field is None or right.form is not Form.CONSTANT or form is Form.UNEQUAL:
        return ALWAYS
    value = None if right.text is None else scalar(right.text, field.type)
    if value is None:
        return NEVER
    return IsIn(field.name, (value,)) if form is Form.EQUAL else Compare(field.name, str(form), value)


def _either(parts: list[Predicate]) -> Predicate:
    """Merges equality tests of one column into one IN list, which is much faster to test."""
    if ALWAYS in parts:
        return ALWAYS
    lists = [part for part in parts if isinstance(part, IsIn)]
    if lists and len(lists) == len(parts) and len({part.column for part in lists}) == 1:
        return IsIn(lists[0].column, tuple(value for part in lists for value in part.values))
    return AnyOf(tuple(part for part in parts if part != NEVER))


def _column(value: Term, schema: Schema) -> Field | None:
    return schema.by_id(value.column) if value.form is Form.COLUMN else None
