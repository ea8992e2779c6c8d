"""The expressions of a bound plan as Spark's SQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count
from typing import Any

from supertable.adapters.engines.spark.translation.constants import constant, integer, null
from supertable.adapters.engines.spark.translation.functions.calls import Call
from supertable.adapters.engines.spark.translation.functions.casts import cast
from supertable.adapters.engines.spark.translation.functions.comparisons import (
    OPERATORS,
    apart_from_files,
    check_equality,
    compared,
)
from supertable.adapters.engines.spark.translation.functions.rules import translated_call
from supertable.adapters.engines.spark.translation.kinds import BOOLEAN, Kind, kind_of
from supertable.adapters.engines.spark.translation.refusals import refused

Expression = Mapping[str, Any]
Scope = Sequence[str]
"""What stands for each column of the operator below."""


def kind(node: Expression) -> Kind:
    if node["expression_class"] == "BOUND_CONJUNCTION":
        return BOOLEAN
    return kind_of(node["value"]["type"] if node["expression_class"] == "BOUND_CONSTANT" else node["return_type"])


def function_name(node: Expression) -> str:
    return str(node["qname"]["path"][-1])


def constant_integer(node: Expression | None) -> int | None:
    """The value of an integer constant; None for other expressions."""
    return integer(node["value"]) if node and node["expression_class"] == "BOUND_CONSTANT" else None


class Expressions:
    """Renders expressions. Raises `NotOnSpark` for each that is not on the list."""

    def __init__(self) -> None:
        self._numbers: Iterator[int] = count()

    def rendered(self, node: Expression, scope: Scope) -> str:
        renders = _CLASSES.get(node["expression_class"])
        if renders is None:
            raise refused(_words(node["type"]))
        return renders(self, node, scope)

    def all_rendered(self, given: Sequence[Expression], scope: Scope) -> list[str]:
        return [self.rendered(node, scope) for node in given]

    def _column(self, node: Expression, scope: Scope) -> str:
        return scope[node.get("index", 0)]

    def _constant(self, node: Expression, _: Scope) -> str:
        return constant(node["value"], kind(node))

    def _function(self, node: Expression, scope: Scope) -> str:
        name, children = function_name(node), node.get("children", ())
        if name == "__cast":
            (child,) = children
            attempt = bool(node.get("function_data", {}).get("try_cast"))
            return cast(self.rendered(child, scope), kind(child), kind(node), attempt)
        if node["type"] in OPERATORS:
            left, right = children
            if kind(left) != kind(right):
                raise refused(f"{name} of {kind(left)} and {kind(right)}")
            sides = self.rendered(left, scope), self.rendered(right, scope)
            return compared(OPERATORS[node["type"]], *sides, kind(left))
        return translated_call(self._call(name, node, scope))

    def _call(self, name: str, node: Expression, scope: Scope) -> Call:
        children = node.get("children", ())
        return Call(
            name=name,
            arguments=["" if _is_apart(child) else self.rendered(child, scope) for child in children],
            kinds=[Kind("LAMBDA") if _is_lambda(child) else kind(child) for child in children],
            kind=kind(node),
            nodes=children,
            data=node.get("function_data") or {},
            inner=self._inner,
        )

    def _inner(self, body: Expression, captured: Scope) -> tuple[str, str]:
        name = f"e{next(self._numbers)}"
        return name, self.rendered(body, [name, *captured])

    def _operator(self, node: Expression, scope: Scope) -> str:
        children = self.all_rendered(node.get("children", ()), scope)
        match node["type"]:
            case "OPERATOR_NOT":
                return f"(NOT {children[0]})"
            case "OPERATOR_IS_NULL":
                return f"({children[0]} IS NULL)"
            case "OPERATOR_IS_NOT_NULL":
                return f"({children[0]} IS NOT NULL)"
            case "OPERATOR_COALESCE":
                return f"coalesce({', '.join(children)})"
            case "COMPARE_IN" | "COMPARE_NOT_IN":
                self._check_alike(node["children"])
                found = self._among(kind(node["children"][0]), children)
                return f"(NOT {found})" if node["type"] == "COMPARE_NOT_IN" else found
        raise refused(_words(node["type"]))

    def _among(self, of: Kind, values: Sequence[str]) -> str:
        if of.nested:
            return f"({' OR '.join(f'{values[0]} = {value}' for value in values[1:])})"
        first, *others = (apart_from_files(value, of) for value in values)
        return f"({first} IN ({', '.join(others)}))"

    def _check_alike(self, children: Sequence[Expression]) -> None:
        first = kind(children[0])
        check_equality(first)
        if any(kind(child) != first for child in children):
            raise refused(f"IN with values of the type {first}")

    def _conjunction(self, node: Expression, scope: Scope) -> str:
        word = {"CONJUNCTION_AND": " AND ", "CONJUNCTION_OR": " OR "}[node["type"]]
        return f"({word.join(self.all_rendered(node['children'], scope))})"

    def _case(self, node: Expression, scope: Scope) -> str:
        checks = [
            f"WHEN {self.rendered(check['when_expr'], scope)} THEN {self.rendered(check['then_expr'], scope)}"
            for check in node["case_checks"]
        ]
        otherwise = node.get("else_expr")
        last = self.rendered(otherwise, scope) if otherwise else null(kind(node))
        return f"CASE {' '.join(checks)} ELSE {last} END"


def _is_lambda(node: Expression) -> bool:
    return bool(node["expression_class"] == "BOUND_LAMBDA")


def _is_apart(node: Expression) -> bool:
    """Whether it is no value of Spark: the rule of the call reads it itself."""
    return _is_lambda(node) or (node["expression_class"] == "BOUND_CONSTANT" and kind(node).name == "INTERVAL")


def _words(name: str) -> str:
    return name.replace("_", " ")


_CLASSES: Mapping[str, Callable[[Expressions, Expression, Scope], str]] = {
    "BOUND_REF": Expressions._column,
    "BOUND_CONSTANT": Expressions._constant,
    "BOUND_FUNCTION": Expressions._function,
    "BOUND_OPERATOR": Expressions._operator,
    "BOUND_CONJUNCTION": Expressions._conjunction,
    "BOUND_CASE": Expressions._case,
}
