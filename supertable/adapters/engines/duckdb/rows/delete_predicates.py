"""Checks of delete predicates: WHERE expressions over the columns of one table."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from supertable.adapters.engines.duckdb.errors import scrubbed, split_kind, with_nearest_column
from supertable.adapters.engines.duckdb.rows.condition_scopes import fill_scope
from supertable.adapters.engines.duckdb.statement.conditions.constants import Constants, Evaluate
from supertable.adapters.engines.duckdb.statement.conditions.fallibility import may_fail
from supertable.adapters.engines.duckdb.statement.conditions.where_predicates import condition_predicate, is_exactly
from supertable.adapters.engines.duckdb.statement.parse_tree import Node, expressions, nodes
from supertable.adapters.engines.duckdb.statement.parser import checked_text, parse_tree
from supertable.adapters.engines.duckdb.statement.rendering import rendered
from supertable.adapters.engines.duckdb.statement.validation.allowed_functions import MANY_ROWS
from supertable.adapters.engines.duckdb.statement.validation.literal_lists import with_lists
from supertable.adapters.engines.duckdb.statement.validation.scopes import ascii_lower
from supertable.adapters.engines.duckdb.statement.validation.validator import StatementValidator
from supertable.adapters.engines.duckdb.types import duckdb_type, quoted
from supertable.application.ports.engines.row_finders import ConditionScope
from supertable.domain.errors import InvalidStatement, StatementRefused
from supertable.domain.scan.predicates import Predicate
from supertable.domain.schema.schemas import Schema

_PREFIX = "SELECT 1 WHERE\n"
_REFUSED = {
    "SUBQUERY": "a subquery",
    "WINDOW": "a window function",
    "STAR": "a star",
    "POSITIONAL_REFERENCE": "a position",
}


@dataclass(frozen=True, slots=True)
class RowPredicate:
    """`text`: SQL rendered from the validated tree. `columns`: those it may read. `may_fail`: see `fallibility`.

    `is_exact`: see `CheckedPredicate`. Known of equalities only.
    """

    text: str
    necessary: Predicate
    columns: tuple[str, ...]
    may_fail: bool
    is_exact: bool = False


def checked_predicate(
    cursor: duckdb.DuckDBPyConnection, text: str, schema: Schema, evaluate: Evaluate, scope: ConditionScope
) -> RowPredicate:
    """Raises `InvalidStatement` unless `text` is a boolean expression over the columns of the table and the `scope`."""
    tree, prefix = parse_tree(cursor, f"{_PREFIX}{checked_text(text)}\n", _PREFIX)
    condition = only_condition(cursor, tree)
    fill_scope(cursor, condition, scope)
    tree["named_param_map"] = []
    _check_row_wise(condition)
    validator = StatementValidator(prefix)
    validator.validate("select", tree)
    sql = with_lists(rendered(cursor, tree), validator.lists).removeprefix("SELECT 1 WHERE ")
    _check_binds(cursor, sql, schema)
    necessary = condition_predicate(condition, schema, Constants(evaluate, ()))
    columns = tuple(_columns(condition, schema))
    return RowPredicate(f"({sql})", necessary, columns, may_fail(condition), is_exactly(condition, necessary))


def only_condition(cursor: duckdb.DuckDBPyConnection, tree: Node) -> Node:
    """The WHERE clause of a statement. Raises `StatementRefused` if the text added anything else, such as a LIMIT."""
    plain, _ = parse_tree(cursor, "SELECT 1 WHERE true")
    node = tree["node"]
    if node["type"] != "SELECT_NODE" or {**node, "where_clause": None} != {**plain["node"], "where_clause": None}:
        raise StatementRefused("A predicate must be one condition, as it can stand after WHERE.")
    condition: Node = node["where_clause"]
    return condition


def _check_row_wise(condition: Node) -> None:
    for node in expressions(condition):
        kind = node.get("class")
        if kind in _REFUSED:
            raise StatementRefused(f"A predicate on the rows of one table cannot have {_REFUSED[kind]}.")
        if kind == "FUNCTION" and ascii_lower(node["function_name"]) in MANY_ROWS:
            raise StatementRefused(f"A predicate on single rows cannot call {node['function_name']!r}.")


def _check_binds(cursor: duckdb.DuckDBPyConnection, sql: str, schema: Schema) -> None:
    columns = ", ".join(f"NULL::{duckdb_type(field.type)} AS {quoted(field.name)}" for field in schema.fields)
    try:
        described = cursor.execute(f"DESCRIBE SELECT ({sql}) FROM (SELECT {columns} WHERE false)").fetchone()
    except duckdb.Error as error:
        raise InvalidStatement(with_nearest_column(scrubbed(split_kind(error)[1], {}), schema.names)) from None
    if described is None or described[1] != "BOOLEAN":
        raise InvalidStatement("A predicate must be true or false for each row; this expression is not.")


def _columns(condition: Node, schema: Schema) -> list[str]:
    """The columns of the table that the condition may read. Naming too many is harmless."""
    named = {ascii_lower(name) for node in nodes(condition) for name in node.get("column_names", ())}
    return [field.name for field in schema.fields if ascii_lower(field.name) in named]
