"""A call of a function, as the rules see it, and the words that they share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from supertable.adapters.engines.spark.translation.constants import integer, text
from supertable.adapters.engines.spark.translation.kinds import Kind, kind_of
from supertable.adapters.engines.spark.translation.refusals import FOR_A_VALUE, refused
from supertable.domain.errors import NotOnSpark


@dataclass(frozen=True, slots=True)
class Call:
    """`arguments`: as Spark's SQL. `kinds`: their types. `kind`: the result's. `nodes`: the arguments in the plan.

    `data`: what DuckDB's binder keeps of the call besides. `inner`: renders the body of a lambda of one parameter,
    given what it captures: the name of the parameter, and the body.
    """

    name: str
    arguments: Sequence[str]
    kinds: Sequence[Kind]
    kind: Kind
    nodes: Sequence[Mapping[str, Any]]
    data: Mapping[str, Any]
    inner: Callable[[Mapping[str, Any], Sequence[str]], tuple[str, str]]

    def __getitem__(self, position: int) -> str:
        return self.arguments[position]

    @property
    def refusal(self) -> NotOnSpark:
        return refused(f"{self.name}({', '.join(map(str, self.kinds))})")

    def typed(self, value: str) -> str:
        """The value, cast to the type of the result."""
        return f"CAST({value} AS {self.kind.spark})"

    def all_of(self, names: frozenset[str]) -> bool:
        return all(kind.name in names for kind in self.kinds)

    def constant_text(self, position: int) -> str:
        """The text of a constant argument. Raises `NotOnSpark` for other arguments."""
        node = self.nodes[position]
        value = node.get("value", {}).get("value") if node["expression_class"] == "BOUND_CONSTANT" else None
        if not isinstance(value, str) or kind_of(node["value"]["type"]).name != "VARCHAR":
            raise refused(f"{self.name} with an argument {position + 1} that is no constant text")
        return value

    def constant_integer(self, position: int) -> int:
        """The value of a constant argument. Raises `NotOnSpark` for other arguments."""
        node = self.nodes[position]
        value = integer(node["value"]) if node["expression_class"] == "BOUND_CONSTANT" else None
        if value is None:
            raise refused(f"{self.name} with an argument {position + 1} that is no constant number")
        return value


Rule = Callable[[Call], str]


def only_where(condition: str, value: str, kind: Kind, what: str) -> str:
    """The value; where the condition is false, an error that says that Spark cannot do `what`."""
    return f"CASE WHEN NOT ({condition}) THEN {failure(kind, what)} ELSE {value} END"


def failure(kind: Kind, what: str) -> str:
    return f"CAST(raise_error({text(FOR_A_VALUE.format(what))}) AS {kind.spark})"


def named(value: str, name: str, body: str) -> str:
    """The body, in which the name stands for the value, computed once."""
    return f"element_at(transform(array({value}), {name} -> {body}), 1)"


def by_name(template: str, *allowed: frozenset[str], result: bool = False) -> Rule:
    """A rule that fills the arguments in. `allowed`: for each argument, the names of its types.

    `result`: whether Spark's result must be cast to DuckDB's type.
    """

    def rule(call: Call) -> str:
        if len(call.kinds) != len(allowed):
            raise call.refusal
        if any(kind.name not in names for kind, names in zip(call.kinds, allowed, strict=True)):
            raise call.refusal
        value = template.format(*call.arguments)
        return call.typed(value) if result else f"({value})"

    return rule
