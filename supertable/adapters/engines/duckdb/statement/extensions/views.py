"""Views: their queries take the place of their names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from supertable.adapters.engines.duckdb.statement.parse_tree import Node, subquery
from supertable.application.ports.engines.parsed_statements import ViewText
from supertable.domain.errors import StatementRefused

MOST_VIEWS = 100
DEEPEST = 16


@dataclass(frozen=True, slots=True)
class Enclosing:
    """The views around a part of a statement: their names, the outermost first, and the supertable of the innermost."""

    names: tuple[tuple[str, ...], ...] = ()
    supertable: str = ""

    @property
    def outermost(self) -> str:
        return self.names[0][-1] if self.names else ""


def _no_tree(sql: str) -> Node:
    raise StatementRefused("Views cannot be read here.")


@dataclass(slots=True)
class ViewQueries:
    """The views that a statement reads. `tree_of` parses a query."""

    known: Sequence[tuple[tuple[str, ...], ViewText]] = ()
    tree_of: Callable[[str], Node] = _no_tree
    _texts: Mapping[tuple[str, ...], ViewText] = field(init=False)
    _count: int = 0

    def __post_init__(self) -> None:
        self._texts = dict(self.known)

    def unused(self, prefix: str) -> str:
        """A prefix for generated names that occurs in no view either."""
        while any(prefix in view.sql.lower() for view in self._texts.values()):
            prefix += "q"
        return prefix

    def expand(self, node: Node, parts: tuple[str, ...], around: Enclosing) -> Enclosing | None:
        """Turns the reference to a view into a subquery, whose parts are in the returned views. None: it is no view.

        Raises `StatementRefused` for AT, for views that read themselves, and for too many.
        """
        view = self._texts.get(parts)
        if view is None:
            return None
        name = parts[-1]
        if node["at_clause"]:
            raise StatementRefused(f"{name} is a view, which has no versions of its rows. Put AT (…) into its query.")
        self._count += 1
        if parts in around.names or len(around.names) >= DEEPEST or self._count > MOST_VIEWS:
            raise StatementRefused(
                f"View {around.outermost or name} reads itself, or too many views: up to {MOST_VIEWS}, {DEEPEST} deep."
            )
        kept = {key: node[key] for key in ("sample", "column_name_alias")}
        found = subquery(self.tree_of(view.sql)["node"]) | kept | {"alias": node["alias"] or name}
        node.clear()
        node.update(found)
        return Enclosing((*around.names, parts), view.supertable)
