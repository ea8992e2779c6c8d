"""A statement that has been judged and may run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from supertable.adapters.engines.duckdb.statement.constants import Constants, Evaluate
from supertable.adapters.engines.duckdb.statement.fallibility import cannot_fail
from supertable.adapters.engines.duckdb.statement.parse_tree import Node
from supertable.adapters.engines.duckdb.statement.where_predicates import relation_predicate
from supertable.application.ports.engines import Relation
from supertable.domain.scan.predicates import ALWAYS, Predicate
from supertable.domain.schema.schemas import Schema


@dataclass(frozen=True, slots=True)
class DuckDBStatement:
    """`pieces` are the rendered SQL, cut where the relations `order` go. Nobody changes `tree` again.

    `tokens` are the generated names of the relations, `names` what all generated names stand for. `counted` are the
    relations of which only the number of rows matters. `may_fail`: see `cannot_fail`; `shape`: see the port.
    """

    relations: tuple[Relation, ...]
    explain: bool
    pieces: tuple[str, ...]
    order: tuple[int, ...]
    tree: Node
    tokens: tuple[str, ...]
    names: Mapping[str, str]
    evaluate: Evaluate
    counted: frozenset[int]
    may_fail: bool
    shape: str

    def predicate(
        self,
        relation_id: int,
        schemas: Mapping[int, Schema],
        parameters: Sequence[Any] | Mapping[str, Any] = (),
    ) -> Predicate:
        """What WHERE makes necessary of the relation's rows, the values of parameters included."""
        known = {self.tokens[number]: schema for number, schema in schemas.items()}
        constants = Constants(self.evaluate, parameters)
        try:
            return relation_predicate(self.tree, self.tokens[relation_id], known, constants)
        except RecursionError:
            return ALWAYS

    def cannot_fail(self, schema: Schema, parameters: Sequence[Any] | Mapping[str, Any]) -> bool:
        """See `cannot_fail`: the statement reads one table, of which the caller sees these columns as they are."""
        try:
            return cannot_fail(self.tree, schema, Constants(self.evaluate, parameters))
        except RecursionError:
            return False

    def sql(self, sources: Mapping[int, str]) -> str:
        """The statement over `sources`, SQL of a subquery for each relation."""
        filled = [f"({sources[relation]}){piece}" for relation, piece in zip(self.order, self.pieces[1:], strict=True)]
        return self.pieces[0] + "".join(filled)
