"""Whether a statement may fail on deleted rows.

DuckDB may evaluate an expression on rows before it checks that they are live. If the expression can fail, its error
would tell of deleted rows, so a fence keeps it from them (see `scan.scan_sql`), which costs time.
"""

from __future__ import annotations

from supertable.adapters.engines.duckdb.statement.parse_tree import Node, nodes
from supertable.adapters.engines.duckdb.statement.type_names import scalar_type
from supertable.adapters.engines.duckdb.statement.validation.allowed_functions import AGGREGATES, words
from supertable.adapters.engines.duckdb.statement.validation.scopes import ascii_lower

_INFALLIBLE_CASTS = words("BOOLEAN TINYINT SMALLINT INTEGER BIGINT HUGEINT FLOAT DOUBLE VARCHAR DATE TIME TIMESTAMP")
_INFALLIBLE = AGGREGATES | words(
    """
    ! !~~ !~~* + - * / // % || ~~ ~~* abs ceil coalesce concat contains date_part date_trunc day dayofweek ends_with
    even floor greatest hour ifnull isnan lcase least left len length lower ltrim minute mod month nullif prefix
    quarter replace reverse right round rtrim second sign starts_with strftime strip_accents strlen struct_extract
    suffix trim ucase upper week weekday year
    """
)


def may_fail(tree: Node) -> bool:
    """Whether the statement may fail on rows that another condition excludes.

    DuckDB tries to avoid that, but not for every expression: `['x']::INTEGER[]`, casts to DECIMAL and `to_timestamp`
    are known to fail.
    """
    return any(_may_fail(node) for node in nodes(tree))


def _may_fail(node: Node) -> bool:
    if node.get("class") == "CAST":
        return (
            not node["try_cast"]
            and node["child"]["class"] != "CONSTANT"
            and scalar_type(node["type_expr"]) not in _INFALLIBLE_CASTS
        )
    return node.get("class") == "FUNCTION" and ascii_lower(node["function_name"]) not in _INFALLIBLE
