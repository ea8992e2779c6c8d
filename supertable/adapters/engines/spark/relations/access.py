"""The last stage of the view chain as Spark's SQL: row filters, exact conditions, hidden columns and masks.

The SQL cannot fail on any value, since an error would reveal hidden rows. Rules that Spark does not apply as the other
engines do are refused: `NotOnSpark`.
"""

from __future__ import annotations

from supertable.adapters.engines.spark.relations.constants import constant, null
from supertable.adapters.engines.spark.relations.values import name
from supertable.adapters.engines.spark.translation.constants import text
from supertable.adapters.engines.spark.translation.refusals import refused
from supertable.domain.access.masks import Mask, MaskKind
from supertable.domain.access.row_filters import COMPARISONS, Form, Term
from supertable.domain.scan.predicates import All, AnyOf, Compare, IsIn, NullTest, Predicate
from supertable.domain.schema.scalars import scalar
from supertable.domain.schema.schemas import Schema
from supertable.domain.schema.types import DataType, Field, is_integer

BARRIER = "monotonically_increasing_id() >= 0L"
"""True for every row. Spark moves no condition of the statement below it, and evaluates none together with it."""
_TEXT = DataType("string")
_HASHED = frozenset({"string", "bool"})
_STARS = "'****'"
_ESCAPES = "~!@^|#"
_LOWER, _UPPER = "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_TO_UPPER, _TO_LOWER = "\u0131\u017f", "\u0130\u212a"
_CASES = frozenset({Form.LOWER, Form.UPPER})
_SAME = frozenset({Form.EQUAL, Form.UNEQUAL, Form.IN})


def column_name(field: Field) -> str:
    """The name of a table's column within the SQL of its scan."""
    return name(f"c_{field.id}")


def condition_sql(term: Term, schema: Schema) -> str:
    """A bound row filter that fits `schema`, or a part of one."""
    match term.form:
        case Form.COLUMN:
            return column_name(_column(term, schema))
        case Form.CONSTANT:
            return _constant(term, term.type or _TEXT)
    if term.form in (Form.LIKE, Form.ILIKE):
        return _like(term, schema)
    parts = _operands(term, schema)
    match term.form:
        case Form.NOT:
            return f"(NOT {parts[0]})"
        case Form.IS_NULL:
            return f"({parts[0]} IS NULL)"
        case Form.IN:
            return f"({parts[0]} IN ({', '.join(parts[1:])}))"
        case Form.AND | Form.OR:
            return f"({f' {term.form.upper()} '.join(parts)})"
        case form if form in COMPARISONS:
            return f"({parts[0]} {form} {parts[1]})"
    raise refused(f"a row filter with {term.form.upper()}")


def _like(term: Term, schema: Schema) -> str:
    value, pattern = term.parts[0], _constant_text(term)
    folded = value.form in _CASES
    sql = _in_a_case(value, schema) if folded else condition_sql(value, schema)
    if term.form is Form.ILIKE:
        return f"({_folded(Form.LOWER, sql)} LIKE {_pattern(_ascii(pattern).lower())})"
    return f"({sql} LIKE {_pattern(_ascii(pattern) if folded else pattern)})"


def _operands(term: Term, schema: Schema) -> list[str]:
    """Constants take the type of the column that they are compared with."""
    if any(part.form in _CASES for part in term.parts):
        return _operands_in_a_case(term, schema)
    kinds = [_column(part, schema).type for part in term.parts if part.form is Form.COLUMN]
    compared = bool(kinds) and (term.form is Form.IN or term.form in COMPARISONS)
    if compared and len({str(kind) for kind in kinds}) > 1:
        raise refused("a row filter that compares columns of different types")
    return [
        _constant(part, kinds[0]) if compared and part.form is Form.CONSTANT else condition_sql(part, schema)
        for part in term.parts
    ]


def _operands_in_a_case(term: Term, schema: Schema) -> list[str]:
    """Operands of which some are in lower or upper case, compared with constants of ASCII: other letters equal none of
    them in either engine."""
    if term.form not in _SAME:
        raise refused(f"a row filter with lower or upper beside {term.form}")
    parts = []
    for part in term.parts:
        if part.form is Form.CONSTANT:
            parts.append(null(_TEXT) if part.text is None else text(_ascii(part.text)))
        else:
            parts.append(_in_a_case(part, schema))
    return parts


def _in_a_case(term: Term, schema: Schema) -> str:
    if term.form not in _CASES or term.parts[0].form is not Form.COLUMN:
        raise refused("a row filter with lower or upper of such a value")
    return _folded(term.form, condition_sql(term.parts[0], schema))


def _folded(form: Form, value: str) -> str:
    """The value with those letters changed that become ASCII."""
    old, new = (_LOWER + _TO_UPPER, _UPPER + "IS") if form is Form.UPPER else (_UPPER + _TO_LOWER, _LOWER + "ik")
    return f"translate({value}, {text(old)}, {text(new)})"


def _ascii(constant: str) -> str:
    if not constant.isascii():
        raise refused("a row filter that compares such letters in any case")
    return constant


def _constant_text(term: Term) -> str:
    constant = term.parts[1]
    if constant.form is not Form.CONSTANT or constant.text is None:
        raise refused("a row filter with a pattern that is no constant")
    return constant.text


def _constant(term: Term, kind: DataType) -> str:
    """A text from the caller that is not a value of the type becomes null, which hides the row."""
    if term.text is None:
        return null(kind)
    value = scalar(term.text, kind)
    if value is None and term.type is not None:
        raise refused(f"a row filter with such a constant of the type {kind}")
    return null(kind) if value is None else constant(kind, value)


def _pattern(pattern: str) -> str:
    escape = next((sign for sign in _ESCAPES if sign not in pattern), None)
    if escape is None:
        raise refused("a row filter with such a pattern")
    return f"{text(pattern)} ESCAPE '{escape}'"


def residual_sql(predicate: Predicate, schema: Schema) -> str:
    """An exact predicate: see `domain.scan.exact_predicates`."""
    match predicate:
        case All(parts):
            return f"({' AND '.join(residual_sql(part, schema) for part in parts) or 'TRUE'})"
        case AnyOf(parts):
            return f"({' OR '.join(residual_sql(part, schema) for part in parts) or 'FALSE'})"
        case NullTest(column, negated):
            return f"({column_name(_named(schema, column))} IS {'NOT ' if negated else ''}NULL)"
        case Compare(column, operator, value):
            field = _named(schema, column)
            return f"({column_name(field)} {operator} {constant(field.type, value)})"
        case IsIn(column, values):
            field = _named(schema, column)
            listed = ", ".join(constant(field.type, value) for value in values)
            return f"({column_name(field)} IN ({listed}))" if listed else "FALSE"


def masked_sql(mask: Mask, field: Field, key: str) -> str:
    """What the caller sees in place of the column's value."""
    column = column_name(field)
    match mask.kind:
        case MaskKind.NULL:
            return null(field.type)
        case MaskKind.CONSTANT:
            return text(mask.constant)
        case MaskKind.HASH:
            if field.type.name not in _HASHED and not is_integer(field.type):
                raise refused(f"hashes of the type {field.type}")
            return f"sha2(concat({text(key)}, CAST({column} AS STRING)), 256)"
        case MaskKind.PARTIAL:
            size = mask.first + mask.last
            first, last = (
                f"substring({column}, 1, {mask.first})",
                f"substring({column}, length({column}) - {mask.last - 1})",
            )
            shown = ", ".join([first, _STARS, *([last] if mask.last else [])])
            long = f"length({column}) > {size}"
            return f"CASE WHEN {long} THEN concat({shown}) WHEN {column} IS NOT NULL THEN {_STARS} END"


def _column(term: Term, schema: Schema) -> Field:
    found = schema.by_id(term.column)
    assert found is not None, term.column  # `OpenTable.scan` has checked it
    return found


def _named(schema: Schema, column: str) -> Field:
    found = schema.find(column)
    assert found is not None, column
    return found
