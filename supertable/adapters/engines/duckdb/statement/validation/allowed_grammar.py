"""The allowed parts of DuckDB's parse tree (`json_serialize_sql`). All others are refused.

Some nodes of the tree name their form (expressions by `class`; table references, query nodes and modifiers by `type`);
others are records at fixed places. For each of them every key is listed with its allowed content, so that no node, key
or enum value of a newer DuckDB passes unnoticed.
"""

from __future__ import annotations

from collections.abc import Mapping

from supertable.adapters.engines.duckdb.statement.validation.contents import (
    Child,
    Children,
    Content,
    Data,
    Empty,
    Keys,
    Leaf,
    Texts,
)

LEAF = Leaf()
NOTHING = Leaf(frozenset({"", None}))
FALSE = Leaf(frozenset({False}))
NAME = Child("name")
EXPRESSION, EXPRESSIONS = Child("expression"), Children("expression")
TABLE, QUERY, SELECT, TYPE, VALUE = (Child(kind) for kind in ("table", "query", "select", "type", "value"))


def _one_of(text: str) -> Leaf:
    return Leaf(frozenset(text.split()))


_LOCATION: Keys = {"query_location": LEAF, "query_location_length": LEAF}


def _expression(type_: str, **keys: Content) -> Keys:
    return {"class": LEAF, "type": _one_of(type_), "alias": LEAF, **_LOCATION, **keys}


def _table(**keys: Content) -> Keys:
    return {"type": LEAF, "alias": LEAF, "sample": Child("sample"), **_LOCATION, **keys}


def _query(**keys: Content) -> Keys:
    return {"type": LEAF, "modifiers": Children("modifier"), "cte_map": Child("ctes"), **keys}


_BOUNDS = """UNBOUNDED_PRECEDING UNBOUNDED_FOLLOWING CURRENT_ROW_RANGE CURRENT_ROW_ROWS CURRENT_ROW_GROUPS
    EXPR_PRECEDING_ROWS EXPR_FOLLOWING_ROWS EXPR_PRECEDING_RANGE EXPR_FOLLOWING_RANGE EXPR_PRECEDING_GROUPS
    EXPR_FOLLOWING_GROUPS"""
_COMPARISONS = """COMPARE_EQUAL COMPARE_NOTEQUAL COMPARE_LESSTHAN COMPARE_GREATERTHAN COMPARE_LESSTHANOREQUALTO
    COMPARE_GREATERTHANOREQUALTO COMPARE_DISTINCT_FROM COMPARE_NOT_DISTINCT_FROM"""
_OPERATORS = """ARRAY_EXTRACT ARRAY_SLICE STRUCT_EXTRACT COMPARE_IN COMPARE_NOT_IN GROUPING_FUNCTION
    OPERATOR_COALESCE OPERATOR_IS_NOT_NULL OPERATOR_IS_NULL OPERATOR_NOT OPERATOR_TRY OPERATOR_UNPACK
    ARRAY_CONSTRUCTOR"""
_WINDOWS = """WINDOW_AGGREGATE WINDOW_RANK WINDOW_RANK_DENSE WINDOW_NTILE WINDOW_PERCENT_RANK WINDOW_CUME_DIST
    WINDOW_ROW_NUMBER WINDOW_FIRST_VALUE WINDOW_LAST_VALUE WINDOW_NTH_VALUE WINDOW_LEAD WINDOW_LAG WINDOW_FILL"""

EXPRESSION_CLASSES: Mapping[str, Keys] = {
    "BETWEEN": _expression("COMPARE_BETWEEN", input=EXPRESSION, lower=EXPRESSION, upper=EXPRESSION),
    "CASE": _expression("CASE_EXPR", case_checks=Children("case check"), else_expr=EXPRESSION),
    "CAST": _expression("OPERATOR_CAST", child=EXPRESSION, type_expr=TYPE, try_cast=LEAF),
    "COLLATE": _expression("COLLATE", child=EXPRESSION, collation=LEAF),
    "COLUMN_REF": _expression("COLUMN_REF", column_names=Texts()),
    "COMPARISON": _expression(_COMPARISONS, left=EXPRESSION, right=EXPRESSION),
    "CONJUNCTION": _expression("CONJUNCTION_AND CONJUNCTION_OR", children=EXPRESSIONS),
    "CONSTANT": _expression("VALUE_CONSTANT", literal=Child("literal")),
    "FUNCTION": _expression(
        "FUNCTION",
        function_name=LEAF,
        schema=LEAF,
        catalog=LEAF,
        qualified_name=NAME,
        is_legacy_function_call=FALSE,
        arguments=Children("argument"),
        filter=EXPRESSION,
        order_bys=Child("modifier"),
        distinct=LEAF,
        is_operator=LEAF,
        export_state=FALSE,
    ),
    "LAMBDA": _expression(
        "LAMBDA", lhs=EXPRESSION, expr=EXPRESSION, syntax_type=_one_of("LAMBDA_KEYWORD SINGLE_ARROW")
    ),
    "OPERATOR": _expression(_OPERATORS, children=EXPRESSIONS),
    "PARAMETER": _expression("VALUE_PARAMETER", identifier=LEAF),
    "POSITIONAL_REFERENCE": _expression("POSITIONAL_REFERENCE", index=LEAF),
    "STAR": _expression(
        "STAR",
        relation_name=LEAF,
        exclude_list=Texts(),
        replace_list=Children("named expression"),
        columns=LEAF,
        expr=EXPRESSION,
        qualified_exclude_list=Children("column name"),
        rename_list=Children("renaming"),
    ),
    "SUBQUERY": _expression(
        "SUBQUERY",
        subquery_type=_one_of("ANY EXISTS NOT_EXISTS SCALAR"),
        subquery=SELECT,
        child=EXPRESSION,
        comparison_type=_one_of(_COMPARISONS + " INVALID"),
    ),
    "WINDOW": _expression(
        _WINDOWS,
        function_name=LEAF,
        schema=LEAF,
        catalog=LEAF,
        qualified_name=NAME,
        is_legacy_function_call=FALSE,
        arguments=Children("argument"),
        partitions=EXPRESSIONS,
        orders=Children("order"),
        start=_one_of(_BOUNDS),
        end=_one_of(_BOUNDS),
        start_expr=EXPRESSION,
        end_expr=EXPRESSION,
        offset_expr=EXPRESSION,
        default_expr=EXPRESSION,
        ignore_nulls=LEAF,
        has_ignore_nulls=LEAF,
        filter_expr=EXPRESSION,
        exclude_clause=_one_of("NO_OTHER CURRENT_ROW GROUP TIES"),
        distinct=LEAF,
        arg_orders=Children("order"),
    ),
}

_ORDINALITY = _one_of("WITHOUT_ORDINALITY WITH_ORDINALITY")

TABLE_TYPES: Mapping[str, Keys] = {
    "BASE_TABLE": _table(
        schema_name=LEAF,
        table_name=LEAF,
        catalog_name=LEAF,
        qualified_name=NAME,
        column_name_alias=Texts(),
        at_clause=Child("at clause"),
    ),
    "EMPTY": _table(),
    "EXPRESSION_LIST": _table(
        expected_names=Texts(), expected_types=Children("type"), values=Children("expression", depth=2)
    ),
    "JOIN": _table(
        left=TABLE,
        right=TABLE,
        condition=EXPRESSION,
        join_type=_one_of("INNER LEFT RIGHT FULL SEMI ANTI"),
        ref_type=_one_of("REGULAR NATURAL CROSS POSITIONAL ASOF"),
        using_columns=Texts(),
        delim_flipped=LEAF,
        duplicate_eliminated_columns=Empty(),
        is_implicit=LEAF,
        nearest_order_type=_one_of("ASCENDING"),
        nearest_approx=FALSE,
        nearest_count=Leaf(frozenset({1})),
        ranking_expression=NOTHING,
    ),
    "PIVOT": _table(
        source=TABLE,
        aggregates=EXPRESSIONS,
        unpivot_names=Texts(),
        pivots=Children("pivot column"),
        groups=Texts(),
        column_name_alias=Texts(),
        include_nulls=LEAF,
    ),
    "SHOW_REF": _table(
        table_name=NOTHING,
        query=QUERY,
        show_type=_one_of("DESCRIBE SUMMARY"),
        catalog_name=NOTHING,
        schema_name=NOTHING,
        qualified_name=NAME,
    ),
    "SUBQUERY": _table(subquery=SELECT, column_name_alias=Texts()),
    "TABLE_FUNCTION": _table(function=Child("table function"), column_name_alias=Texts(), with_ordinality=_ORDINALITY),
}

QUERY_TYPES: Mapping[str, Keys] = {
    "SELECT_NODE": _query(
        select_list=EXPRESSIONS,
        from_table=TABLE,
        where_clause=EXPRESSION,
        group_expressions=EXPRESSIONS,
        group_sets=Data(),
        aggregate_handling=_one_of("STANDARD_HANDLING FORCE_AGGREGATES"),
        having=EXPRESSION,
        sample=Child("sample"),
        qualify=EXPRESSION,
    ),
    "SET_OPERATION_NODE": _query(
        setop_type=_one_of("UNION UNION_BY_NAME EXCEPT INTERSECT"),
        setop_all=LEAF,
        left=NOTHING,
        right=NOTHING,
        children=Children("query"),
    ),
    "RECURSIVE_CTE_NODE": _query(
        cte_name=LEAF,
        union_all=LEAF,
        left=QUERY,
        right=QUERY,
        aliases=Texts(),
        key_targets=EXPRESSIONS,
    ),
}

MODIFIER_TYPES: Mapping[str, Keys] = {
    "DISTINCT_MODIFIER": {"type": LEAF, "distinct_on_targets": EXPRESSIONS},
    "LIMIT_MODIFIER": {
        "type": LEAF,
        "limit": EXPRESSION,
        "offset": EXPRESSION,
        "limit_type": _one_of("ROW_COUNT PERCENTAGE"),
    },
    "ORDER_MODIFIER": {"type": LEAF, "orders": Children("order")},
}

TYPE_CLASSES: Mapping[str, Keys] = {
    "TYPE": _expression(
        "TYPE", catalog=NOTHING, schema=NOTHING, type_name=LEAF, qualified_name=NAME, children=Children("type")
    ),
    "CONSTANT": EXPRESSION_CLASSES["CONSTANT"],
}
"""A type, or a constant as its parameter, such as a size."""

NAMED_BY: Mapping[str, tuple[str, Mapping[str, Keys]]] = {
    "expression": ("class", EXPRESSION_CLASSES),
    "table": ("type", TABLE_TYPES),
    "query": ("type", QUERY_TYPES),
    "modifier": ("type", MODIFIER_TYPES),
    "type": ("class", TYPE_CLASSES),
}
"""The kinds whose nodes name their form: the key that names it, and the allowed content of each form."""

RECORDS: Mapping[str, Keys] = {
    "table function": {**EXPRESSION_CLASSES["FUNCTION"], "class": _one_of("FUNCTION")},
    "select": {"node": QUERY, "named_param_map": Data()},
    "ctes": {"map": Children("cte entry")},
    "cte entry": {"key": LEAF, "value": Child("cte")},
    "cte": {
        "aliases": Texts(),
        "query_node": QUERY,
        "payload_aggregates": Empty(),
        "materialized": _one_of("CTE_MATERIALIZE_DEFAULT CTE_MATERIALIZE_ALWAYS CTE_MATERIALIZE_NEVER"),
        "key_targets": EXPRESSIONS,
    },
    "order": {
        "type": _one_of("ORDER_DEFAULT ASCENDING DESCENDING"),
        "null_order": Leaf(frozenset({"ORDER_DEFAULT", "NULLS FIRST", "NULLS LAST"})),
        "expression": EXPRESSION,
    },
    "case check": {"when_expr": EXPRESSION, "then_expr": EXPRESSION},
    "named expression": {"key": LEAF, "value": EXPRESSION},
    "column name": {"catalog": LEAF, "schema": LEAF, "table": LEAF, "column": LEAF},
    "renaming": {"key": Child("column name"), "value": LEAF},
    "sample": {
        "sample_size": VALUE,
        "is_percentage": LEAF,
        "method": LEAF,
        "seed": LEAF,
        "repeatable": LEAF,
        "sample_rate": Leaf(frozenset({-1})),
    },
    "at clause": {"unit": _one_of("VERSION TIMESTAMP"), "expr": EXPRESSION},
    "pivot column": {
        "pivot_expressions": EXPRESSIONS,
        "unpivot_names": Texts(),
        "entries": Children("pivot entry"),
        "pivot_enum": NOTHING,
    },
    "pivot entry": {"values": Empty(), "star_expr": EXPRESSION, "alias": LEAF},
    "value": {"type": Child("value type"), "is_null": LEAF, "value": LEAF},
    "value type": {"id": LEAF, "type_info": NOTHING},
    "literal": {"kind": _one_of("INTEGER NUMERIC STRING BOOLEAN NULL_LITERAL HEX BIT"), "text": LEAF},
    "argument": {"name": LEAF, "expression": EXPRESSION},
    "name": {"path": Texts()},
}
"""Records at fixed places, and the allowed content of each."""
