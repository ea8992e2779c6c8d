"""The rule of each function and operator that Spark answers as LITE does. What is not here is refused by its name."""

from __future__ import annotations

from supertable.adapters.engines.spark.translation.functions import (
    comparisons,
    lists,
    moments,
    numbers,
    patterns,
    texts,
)
from supertable.adapters.engines.spark.translation.functions.calls import Call

_ALL = (numbers.RULES, comparisons.RULES, moments.RULES, texts.RULES, patterns.RULES, lists.RULES)
_BY_TYPE = {
    ("LIST", "len"): lists.SIZED,
    ("LIST", "length"): lists.SIZED,
    ("LIST", "contains"): lists.CONTAINED,
    ("LIST", "||"): lists.CONCATENATED,
}
"""Functions whose meaning follows from the type of their first argument."""


def translated_call(call: Call) -> str:
    """The call as Spark's SQL. Raises `NotOnSpark`."""
    if call.name in ("+", "-") and any(kind.name in moments.MOMENTS for kind in call.kinds):
        return moments.shifted(call)
    first = call.kinds[0].name if call.kinds else ""
    rule = _BY_TYPE.get((first, call.name)) or next((rules[call.name] for rules in _ALL if call.name in rules), None)
    if rule is None:
        raise call.refusal
    return rule(call)
