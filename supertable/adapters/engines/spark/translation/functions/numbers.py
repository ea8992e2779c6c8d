"""Arithmetic. Whole numbers and decimals are exact; of doubles, only what IEEE 754 says to the last bit."""

from __future__ import annotations

from collections.abc import Mapping

from supertable.adapters.engines.spark.translation.constants import double
from supertable.adapters.engines.spark.translation.functions.calls import Call, Rule, by_name, named, only_where
from supertable.adapters.engines.spark.translation.kinds import DOUBLE, FLOATS, SIGNED

_WHOLE = frozenset(SIGNED)
_EXACT = _WHOLE | {"HUGEINT", "DECIMAL"}
_NUMBERS = _EXACT | FLOATS
_DOUBLE = frozenset({"DOUBLE"})
_SPLIT = 2.0**27 + 1
_NO_FRACTION = 2.0**52
"""Doubles from here on are whole numbers."""


def _arithmetic(operator: str) -> Rule:
    def rule(call: Call) -> str:
        if not call.all_of(_NUMBERS):
            raise call.refusal
        value = f"({f' {operator} '.join(call.arguments)})"
        return call.typed(value) if call.kind.name in ("DECIMAL", "HUGEINT") else value

    return rule


def _negated(call: Call) -> str:
    if not call.all_of(_NUMBERS):
        raise call.refusal
    return f"(- {call[0]})"


def _divided(call: Call) -> str:
    """DuckDB divides doubles, and by zero as IEEE 754 says; Spark raises an error there."""
    if not call.all_of(FLOATS):
        raise call.refusal
    by_zero = call.typed(f"{call[0]} * pow({call[1]}, -1)")
    return f"CASE WHEN {call[1]} = 0 THEN {by_zero} ELSE {call[0]} / {call[1]} END"


def _divided_whole(call: Call) -> str:
    if not call.all_of(_WHOLE):
        raise call.refusal
    return call.typed(f"{call[0]} div nullif({call[1]}, CAST(0 AS {call.kind.spark}))")


def _remainder(call: Call) -> str:
    if not call.all_of(_NUMBERS):
        raise call.refusal
    if call.all_of(FLOATS):
        no_number = call.typed(f"{call[0]} * {double('nan')}")
        return f"CASE WHEN {call[1]} = 0 THEN {no_number} ELSE {call[0]} % {call[1]} END"
    return call.typed(f"{call[0]} % nullif({call[1]}, CAST(0 AS {call.kinds[1].spark}))")


def _absolute(call: Call) -> str:
    if not call.all_of(_NUMBERS):
        raise call.refusal
    return f"abs({call[0]})"


def _sign(call: Call) -> str:
    if not call.all_of(_NUMBERS):
        raise call.refusal
    value = call[0]
    no_number = f"WHEN isnan({value}) THEN 0 " if call.kinds[0].name in FLOATS else ""
    return call.typed(f"CASE {no_number}WHEN {value} > 0 THEN 1 WHEN {value} < 0 THEN -1 WHEN {value} = 0 THEN 0 END")


def _rounded(call: Call) -> str:
    digits = call.constant_integer(1) if len(call.kinds) > 1 else 0
    kind = call.kinds[0].name
    if kind == "DECIMAL" and digits >= 0:
        return call.typed(f"round({call[0]}, {digits})")
    if kind in _WHOLE and digits >= 0:
        return call[0]
    if kind != "DOUBLE" or not 0 <= digits <= 15:
        raise call.refusal
    if not digits:
        return whole_double(call[0], "round({}, 0)")
    return _rounded_to(call[0], digits)


def _rounded_to(value: str, digits: int) -> str:
    """A double rounded by its exact value: where the product seems to be a half, the rest that it lost decides.

    The product is split as Dekker does (Numerische Mathematik 18, 1971).
    """
    scale = 10.0**digits
    high, low = _halves(scale)
    upper = f"(abs(v) * {double(_SPLIT)} - (abs(v) * {double(_SPLIT)} - abs(v)))"
    parts = [f"{part} * {double(half)}" for part in (upper, f"(abs(v) - {upper})") for half in (high, low)]
    lost = f"((({parts[0]} - p) + {parts[1]} + {parts[2]}) + {parts[3]})"
    whole = "CAST(floor(p) AS DOUBLE)"
    up = f"CASE WHEN p - {whole} > 0.5D OR (p - {whole} = 0.5D AND {lost} >= 0D) THEN 1D ELSE 0D END"
    size = f"({whole} + {up}) / {double(scale)}"
    fits = f"p < {double(_NO_FRACTION)} OR abs(v) >= {double('inf')}"
    signed = f"CASE WHEN v = 0D OR abs(v) >= {double('inf')} THEN v WHEN v < 0D THEN - ({size}) ELSE {size} END"
    checked = only_where(fits, signed, DOUBLE, "round such a number")
    return named(value, "v", named(f"abs(v) * {double(scale)}", "p", checked))


def _halves(value: float) -> tuple[float, float]:
    """Two doubles of half the digits, whose sum is the value."""
    split = _SPLIT * value
    high = split - (split - value)
    return high, value - high


def whole_double(value: str, rounding: str) -> str:
    """A double rounded to a whole number, zero with the sign that it had."""
    rounded = rounding.format(value)
    return (
        f"CASE WHEN abs({value}) < {double(_NO_FRACTION)} THEN"
        f" CASE WHEN {rounded} = 0 THEN {value} * CASE WHEN {value} = 0 THEN 1D ELSE 0D END"
        f" ELSE CAST({rounded} AS DOUBLE) END ELSE {value} END"
    )


def _whole(function: str, of_doubles: str) -> Rule:
    def rule(call: Call) -> str:
        kind = call.kinds[0].name
        if len(call.kinds) == 1 and kind == "DECIMAL":
            return call.typed(f"{function}({call[0]})")
        if len(call.kinds) == 1 and kind in _WHOLE:
            return call.typed(call[0])
        if len(call.kinds) != 1 or kind != "DOUBLE":
            raise call.refusal
        return whole_double(call[0], of_doubles)

    return rule


def _truncated(call: Call) -> str:
    if len(call.kinds) == 1 and call.kinds[0].name == "DECIMAL":
        return call.typed(f"CASE WHEN {call[0]} < 0 THEN ceil({call[0]}) ELSE floor({call[0]}) END")
    return _whole("", "CAST({} AS BIGINT)")(call)


def _root(call: Call) -> str:
    if not call.all_of(_DOUBLE):
        raise call.refusal
    return only_where(f"{call[0]} >= 0D", f"sqrt({call[0]})", call.kind, "take the root of a negative number")


def _extreme(function: str) -> Rule:
    def rule(call: Call) -> str:
        if any(kind != call.kind or kind.nested for kind in call.kinds):
            raise call.refusal
        if len(call.arguments) == 1:
            return call[0]
        return f"{function}({', '.join(call.arguments)})"

    return rule


RULES: Mapping[str, Rule] = {
    "*": _arithmetic("*"),
    "-": lambda call: _negated(call) if len(call.kinds) == 1 else _arithmetic("-")(call),
    "+": lambda call: call[0] if len(call.kinds) == 1 else _arithmetic("+")(call),
    "add": _arithmetic("+"),
    "subtract": _arithmetic("-"),
    "multiply": _arithmetic("*"),
    "/": _divided,
    "divide": _divided_whole,
    "//": _divided_whole,
    "%": _remainder,
    "mod": _remainder,
    "@": _absolute,
    "abs": _absolute,
    "sign": _sign,
    "round": _rounded,
    "ceil": _whole("ceil", "ceil({})"),
    "ceiling": _whole("ceil", "ceil({})"),
    "floor": _whole("floor", "floor({})"),
    "trunc": _truncated,
    "sqrt": _root,
    "greatest": _extreme("greatest"),
    "least": _extreme("least"),
    "isnan": by_name("CASE WHEN {0} IS NOT NULL THEN isnan({0}) END", FLOATS),
    "isinf": by_name("abs({0}) = CAST('Infinity' AS DOUBLE)", FLOATS),
    "isfinite": by_name("abs({0}) < CAST('Infinity' AS DOUBLE)", FLOATS),
    "&": by_name("{0} & {1}", _WHOLE, _WHOLE),
    "|": by_name("{0} | {1}", _WHOLE, _WHOLE),
    "xor": by_name("{0} ^ {1}", _WHOLE, _WHOLE),
    "~": by_name("~ {0}", _WHOLE),
}
