"""What the names in a part of a statement mean: common table expressions, and the supertable of a view."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from supertable.adapters.engines.duckdb.statement.extensions.views import Enclosing
from supertable.adapters.engines.duckdb.statement.parse_tree import Node, name_parts
from supertable.domain.errors import StatementRefused

_UPPER = {ord(letter): ord(letter) + 32 for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}


def ascii_lower(name: str) -> str:
    """The form in which DuckDB compares names: without the case of ASCII letters only."""
    return name.translate(_UPPER)


@dataclass(frozen=True, slots=True)
class Cte:
    token: str
    recursive: bool


@dataclass(frozen=True, slots=True)
class Scope:
    """The common table expressions that a part of the statement sees, by name, and the views around it."""

    ctes: Mapping[str, Cte] = field(default_factory=dict)
    views: Enclosing = field(default_factory=Enclosing)

    def with_cte(self, name: str, cte: Cte) -> Scope:
        return Scope({**self.ctes, name: cte}, self.views)


def qualified(node: Node, scope: Scope) -> tuple[str, ...]:
    """The parts of a table's name, as the caller would write them."""
    return within(tuple(name_parts(node)), scope)


def within(parts: tuple[str, ...], scope: Scope) -> tuple[str, ...]:
    """The name with its supertable, if it stands in a view. Raises `StatementRefused` for a union of tables."""
    supertable = scope.views.supertable
    if not supertable or len(parts) > 1:
        return parts
    if ascii_lower(parts[0]) == ascii_lower(supertable):
        raise StatementRefused("A view reads tables by their names, not the union of all tables of a supertable.")
    return (supertable, *parts)
