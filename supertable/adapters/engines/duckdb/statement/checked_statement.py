"""A validated statement, which may run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from supertable.adapters.engines.duckdb.statement.conditions.constants import Constants, Evaluate
from supertable.adapters.engines.duckdb.statement.conditions.where_predicates import relation_predicate
from supertable.adapters.engines.duckdb.statement.first_rows import first_rows_of
from supertable.adapters.engines.duckdb.statement.parse_tree import Node
from supertable.application.ports.engines.parsed_statements import Relation
from supertable.domain.scan.first_rows import FirstRows
from supertable.domain.scan.predicates import ALWAYS, Predicate
from supertable.domain.scan.summaries import Summary
from supertable.domain.schema.schemas import Schema


@dataclass(frozen=True, slots=True)
class DuckDBStatement:
    """`pieces`: the SQL, split at its relations. `order`: the relations between the pieces.

    `tree` must not be changed. `tokens`: the generated names of the relations. `names`: what all generated names stand
    for. `counted`: the relations of which only the number of rows matters. `count_column`: see `count_only`.
    `summaries`: its items, if all are aggregates over one whole table.
    `names_read`, `is_sampled`: see `names_in` and `has_repeatable_sample`, which are asked once for all runs.
    `tables`: see `tables_needed`. `may_fail`: see `fallibility`. `shape`, `repeatable`: see the port. `has_lists`:
    whether it has long lists of constants. `values_query`: the query of the first values of a PIVOT that are not known;
    empty: all are known.
    """

    relations: tuple[Relation, ...]
    explain: bool
    analyze: bool
    pieces: tuple[str, ...]
    order: tuple[int, ...]
    tree: Node
    tokens: tuple[str, ...]
    names: Mapping[str, str]
    evaluate: Evaluate
    counted: frozenset[int]
    count_column: str
    summaries: tuple[Summary, ...]
    names_read: frozenset[str] | None
    is_sampled: bool
    tables: frozenset[int]
    may_fail: bool
    shape: str
    repeatable: bool
    has_lists: bool = False
    values_query: str = ""

    @property
    def rendered(self) -> str:
        """The SQL with the generated names of its relations."""
        return self.sql_of(self.tokens)

    def predicate(
        self,
        relation_id: int,
        schemas: Mapping[int, Schema],
        parameters: Sequence[Any] | Mapping[str, Any] = (),
    ) -> Predicate:
        """A necessary condition for the relation's rows, from WHERE and the values of `parameters`."""
        by_token = {self.tokens[number]: schema for number, schema in schemas.items()}
        constants = Constants(self.evaluate, parameters)
        try:
            return relation_predicate(self.tree, self.tokens[relation_id], by_token, constants)
        except RecursionError:
            return ALWAYS

    def is_counted(self, relation_id: int) -> bool:
        """See the port."""
        return relation_id in self.counted

    def first_rows(self, relation_id: int, schema: Schema) -> FirstRows | None:
        """See the port."""
        return first_rows_of(self.tree, self.tokens[relation_id], schema)

    def sql(self, sources: Mapping[int, str]) -> str:
        """The SQL of the statement. `sources`: the SQL of a subquery for each relation."""
        return self.sql_of({relation: f"({source})" for relation, source in sources.items()})

    def sql_of(self, relations: Sequence[str] | Mapping[int, str]) -> str:
        filled = [relations[number] + piece for number, piece in zip(self.order, self.pieces[1:], strict=True)]
        return self.pieces[0] + "".join(filled)
