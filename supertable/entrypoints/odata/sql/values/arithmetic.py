"""Arithmetic: of whole numbers and decimals exact, of floats as IEEE has it; durations are added to dates and moments.

The quotient of two whole numbers is truncated by `div`. `divby`, and `div` of decimals, give a decimal with as many
digits after the point as the operands leave room for, at most 12, truncated; a double where they leave less than six.
"""

from __future__ import annotations

from supertable.entrypoints.odata.model.entity_types import Primitive
from supertable.entrypoints.odata.sql.values.bindings import Bindings
from supertable.entrypoints.odata.sql.values.comparisons import in_microseconds
from supertable.entrypoints.odata.sql.values.typed import (
    DATE,
    DOUBLE,
    DURATION,
    FLOATS,
    MOMENT,
    MOST_DIGITS,
    NULL,
    Typed,
    decimal,
)

_SIGNS = {"add": "+", "sub": "-", "mul": "*", "mod": "%"}
_MOST_SCALE, _LEAST_SCALE = 12, 6


def computed(bindings: Bindings, operator: str, left: Typed, right: Typed) -> Typed | None:
    """The result; None: the operator takes no such operands."""
    if left.is_null or right.is_null:
        other = right if left.is_null else left
        return Typed("NULL", NULL if not other.is_number else other.type)
    if left.is_number and right.is_number:
        if {left.name, right.name} & FLOATS:
            return _of_floats(bindings, operator, left, right)
        if operator == "divby" or (operator == "div" and left.scale + right.scale):
            return _quotient(bindings, left, right)
        return _of_exact(bindings, operator, left, right)
    return _of_times(bindings, operator, left, right)


def negated(bindings: Bindings, value: Typed) -> Typed | None:
    """The value with the other sign; None: it has none."""
    if value.is_null:
        return value
    if not value.is_number and value.name != "Edm.Duration":
        return None
    sql = bindings.sql(value)
    if value.name in FLOATS or value.name == "Edm.Duration":
        return Typed(f"(-{sql})", value.type, fails=value.fails)
    return Typed(
        f"(-{_wide(sql, value, value.digits)})", _exact_type(value.name, value.digits, value.scale), fails=value.fails
    )


def _of_floats(bindings: Bindings, operator: str, left: Typed, right: Typed) -> Typed:
    name = "DOUBLE" if "Edm.Double" in (left.name, right.name) else "FLOAT"
    kind = DOUBLE if name == "DOUBLE" else Primitive("Edm.Single")
    one, other = bindings.float(left, name), bindings.float(right, name)
    fails = left.fails or right.fails
    if operator == "mod":
        return Typed(f"({one} % {other})", kind, fails=fails)
    return Typed(f"({one} {_SIGNS.get(operator, '/')} {other})", kind, fails=fails)


def _of_exact(bindings: Bindings, operator: str, left: Typed, right: Typed) -> Typed:
    digits, scale = _size(operator, left, right)
    both_whole = "Edm.Decimal" not in (left.name, right.name)
    fails = left.fails or right.fails or digits > MOST_DIGITS or operator in ("div", "mod")
    one = _wide(bindings.sql(left), left, digits)
    other = _wide(bindings.sql(right), right, digits)
    sign = "//" if operator == "div" else _SIGNS[operator]
    if operator in ("div", "mod"):
        other = _not_zero(other, f"DECIMAL({MOST_DIGITS}, {right.scale})" if right.scale else "HUGEINT")
    name = "Edm.Int64" if both_whole else "Edm.Decimal"
    return Typed(f"({one} {sign} {other})", _exact_type(name, digits, scale), fails=fails)


def _size(operator: str, left: Typed, right: Typed) -> tuple[int, int]:
    """The digits and the scale of an exact result."""
    scale = max(left.scale, right.scale)
    whole = max(left.digits - left.scale, right.digits - right.scale)
    if operator == "mul":
        return left.digits + right.digits, left.scale + right.scale
    if operator in ("add", "sub"):
        return whole + scale + 1, scale
    return whole + scale, scale


def _wide(sql: str, value: Typed, digits: int) -> str:
    """The exact number in a type that holds results of so many digits."""
    if value.scale:
        return f"CAST({sql} AS DECIMAL({min(max(digits, value.digits), MOST_DIGITS)}, {value.scale}))"
    return f"CAST({sql} AS {'BIGINT' if digits <= 18 else 'HUGEINT'})"


def _not_zero(sql: str, kind: str) -> str:
    """The divisor; zero ends the query with an error. The engine would answer null."""
    return f"(CASE WHEN {sql} = 0 THEN CAST('nothing, since a number is divided by zero' AS {kind}) ELSE {sql} END)"


def _exact_type(name: str, digits: int, scale: int) -> Primitive:
    if name == "Edm.Decimal":
        return decimal(digits, scale)
    return Primitive("Edm.Int64", min(digits, MOST_DIGITS))


def _quotient(bindings: Bindings, left: Typed, right: Typed) -> Typed:
    scale = min(_MOST_SCALE, MOST_DIGITS - left.digits - right.scale)
    if scale < max(_LEAST_SCALE, left.scale):
        one, other = bindings.float(left, "DOUBLE"), bindings.float(right, "DOUBLE")
        return Typed(f"({one} / {_not_zero(other, 'DOUBLE')})", DOUBLE, fails=True)
    one = _unscaled(bindings.sql(left), left, scale + right.scale)
    other = _unscaled(bindings.sql(right), right, right.scale)
    step = f"CAST('0.{'0' * (scale - 1)}1' AS DECIMAL({scale}, {scale}))"
    sql = f"(CAST({one} // {_not_zero(other, 'HUGEINT')} AS DECIMAL({MOST_DIGITS}, 0)) * {step})"
    return Typed(sql, decimal(MOST_DIGITS, scale), fails=True)


def _unscaled(sql: str, value: Typed, power: int) -> str:
    """The whole number that is the value times ten to the power."""
    exact = f"CAST({sql} AS DECIMAL({MOST_DIGITS}, {value.scale}))"
    shifted = f"{exact} * CAST('1{'0' * power}' AS DECIMAL({MOST_DIGITS}, 0))" if power else exact
    return f"CAST({shifted} AS HUGEINT)"


def _of_times(bindings: Bindings, operator: str, left: Typed, right: Typed) -> Typed | None:
    names = (left.name, right.name)
    one, other = bindings.sql(left), bindings.sql(right)
    if operator in ("add", "sub"):
        sign = _SIGNS[operator]
        if names == ("Edm.DateTimeOffset", "Edm.Duration"):
            return Typed(f"({_stamp(left, one)} {sign} to_microseconds({other}))", MOMENT, fails=True)
        if names == ("Edm.Date", "Edm.Duration"):
            return Typed(f"CAST({one} {sign} to_microseconds({other}) AS DATE)", DATE, fails=True)
        if names == ("Edm.Duration", "Edm.Duration"):
            return Typed(f"({one} {sign} {other})", DURATION, fails=True)
        if names == ("Edm.DateTimeOffset", "Edm.DateTimeOffset") and operator == "sub":
            stamps = (_stamp(left, one), _stamp(right, other))
            return Typed(f"(epoch_us({stamps[0]}) - epoch_us({stamps[1]}))", DURATION)
        if names == ("Edm.Date", "Edm.Date") and operator == "sub":
            return Typed(f"(epoch_us(CAST({one} AS TIMESTAMP)) - epoch_us(CAST({other} AS TIMESTAMP)))", DURATION)
    return None


def _stamp(value: Typed, sql: str) -> str:
    return f"CAST({in_microseconds(value, sql)} AS TIMESTAMP)"
