"""`$search`: every text column is searched, without regard to case."""

from __future__ import annotations

from supertable.domain.names import quoted
from supertable.entrypoints.odata.expressions.syntax import SearchExpression, SearchNot, SearchTerm
from supertable.entrypoints.odata.sql.relations.relation import ALIAS, Relation
from supertable.entrypoints.odata.sql.values.bindings import Bindings


def search_condition(relation: Relation, bindings: Bindings, tree: SearchExpression) -> str:
    """The condition of a search. A relation without text columns has no matches."""
    if isinstance(tree, SearchTerm):
        return _term(relation, bindings.add(tree.text, "VARCHAR"))
    if isinstance(tree, SearchNot):
        return f"(NOT {search_condition(relation, bindings, tree.operand)})"
    parts = [search_condition(relation, bindings, operand) for operand in tree.operands]
    return f"({f' {tree.operator.upper()} '.join(parts)})"


def _term(relation: Relation, sql: str) -> str:
    texts = [each for each in relation.properties if each.stored.name == "string"]
    columns = [f"coalesce(contains(lower({ALIAS}.{quoted(each.column)}), lower({sql})), FALSE)" for each in texts]
    return f"({' OR '.join(columns)})" if columns else "FALSE"
